"""What the embedding is worth for the labels, beside PCA and the raw columns."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.base import clone

from entivec.evaluate import Downstream, downstream
from entivec.reporting.html import Markup, clean, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import Cell, figure, table
from entivec.reporting.words import signed

MOST_ROWS, FEWEST_ROWS = 4_000, 1_000
MOST_CELLS = 600_000  # of the raw table
MOST_LABELS = 3
FOLDS = 5
EMBEDDING = "embedding"
METRICS = {"auc": "AUC", "r2": "R²"}
MODELS = {"linear": "linear model", "boosting": "gradient boosting"}


class Worth(NamedTuple):
    """What was found for one label; `why` says why nothing was."""

    label: str
    found: Downstream | None
    why: str = ""


def measure(subject: Subject) -> list[Worth]:
    """Predict the first labels from embedding, PCA and raw columns, on a sample of the rows."""
    # As wide as the fitted one, whatever a fold's rows would ask for.
    width = subject.model.n_components_
    model = clone(subject.model).set_params(n_components=width, verbose=False, warm_start=False)
    return [
        _measured(subject, model, subject.labels.iloc[:, place])
        for place in range(min(subject.labels.shape[1], MOST_LABELS))
    ]


def _most_rows(subject: Subject) -> int:
    return int(np.clip(MOST_CELLS // subject.frame.shape[1], FEWEST_ROWS, MOST_ROWS))


def _measured(subject: Subject, model: Any, y: pd.Series[Any]) -> Worth:
    name = clean(y.name, 60)
    rows = subject.sample(_most_rows(subject), y.notna().to_numpy())
    X = subject.given[rows] if isinstance(subject.given, np.ndarray) else subject.frame.iloc[rows]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit of all rows has said what there is to say
            found = downstream(
                X,
                y.iloc[rows].to_numpy(),
                {EMBEDDING: model},
                cv=FOLDS,
                few=None,
                guided=hasattr(subject.model, "predict"),
                random_state=subject.seed,
            )
    except ValueError as error:
        return Worth(name, None, str(error))
    return Worth(name, found)


def section(subject: Subject, worth: list[Worth]) -> Section:
    """Return what was predicted, how well, and the differences with their intervals."""
    rows = min(len(subject.frame), _most_rows(subject))
    lead = (
        f"Models of {rows:,} rows (seed {subject.seed}) in {FOLDS} folds; all that is fitted, the"
        " encoder included, has seen the training rows of its fold alone."
    )
    if subject.sources is not None:
        lead += " How frames are read, such as which levels are frequent, was learnt from all rows."
    parts: list[Markup] = []
    for one in worth:
        parts.append(tag("h3", tag("bdi", one.label)))
        if one.found is None:
            parts.append(tag("p", f"Not measured: {one.why}", class_="note"))
            continue
        parts += [_scores(one), _differences(one, len(one.found.scores["fold"].unique()))]
    beyond = subject.labels.shape[1] - len(worth)
    if beyond > 0:
        parts.append(tag("p", f"The other {beyond} labels were not predicted.", class_="note"))
    parts.append(tag("p", INTERVALS, class_="note"))
    return Section("worth", "What it is worth", lead, joined(*parts))


INTERVALS = (
    "Intervals hold the mean difference with 95 % confidence; their standard errors allow for folds"
    " sharing training rows (Nadeau & Bengio 2003). One that holds zero tells nothing apart."
)


def _scores(one: Worth) -> Markup:
    assert one.found is not None
    summary, metric = one.found.summary, METRICS[one.found.metric]
    rows = [
        [str(name), *(figure(f"{value:.3f}", round(value, 6)) for value in row)]
        for name, row in zip(summary.index, summary.to_numpy().tolist(), strict=True)
    ]
    heads = [f"{metric}, {MODELS[model]}" for model in summary.columns.get_level_values(0)]
    return table(f"{metric} of each set of features for {one.label}", ["Features", *heads], rows)


def _differences(one: Worth, folds: int) -> Markup:
    assert one.found is not None
    wide = float(t.ppf(0.975, folds - 1))
    rows = []
    for row in one.found.differences.to_dict("records"):
        difference, reach = float(row["difference"]), wide * float(row["standard_error"])
        low, high = difference - reach, difference + reach
        clear = "better" if low > 0 else "worse" if high < 0 else "not told apart"
        rows.append(
            [
                f"{row['features']} against {row['against']}",
                MODELS[row["model"]],
                figure(signed(difference), difference),
                figure(f"{signed(low)} to {signed(high)}", low),
                Cell(tag("span", clear, class_=f"kind {clear.split()[0]}"), clear),
            ]
        )
    heads = ["Difference", "Model", METRICS[one.found.metric], "95 % interval", "So it is"]
    return table(f"Differences for {one.label}", heads, rows)


def figures(worth: list[Worth]) -> tuple[str, str, dict[str, float]] | None:
    """Return the first label that was measured, the metric, and the best model's figures."""
    for one in worth:
        if one.found is not None:
            best = one.found.summary.max(axis=1)
            names = {EMBEDDING: EMBEDDING, "PCA": "PCA", "raw": "raw columns"}
            told = {shown: float(best[name]) for name, shown in names.items() if name in best}
            return one.label, METRICS[one.found.metric], told
    return None


def line(worth: list[Worth]) -> str:
    """Return the first label's figures for the verdict."""
    found = figures(worth)
    if found is None:
        return ""
    label, metric, told = found
    own = told.pop(EMBEDDING)
    beside = ", ".join(f"{name} {score:.3f}" for name, score in told.items())
    return f"it predicts {label} with {metric} {own:.3f} ({beside})"
