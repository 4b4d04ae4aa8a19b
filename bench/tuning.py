"""What `entivec.tune` gains over the defaults, and what `model="auto"` finds of a wide table.

    python bench/tuning.py           # results/tuning-{reconstruction,choice}.{json,md}
    python bench/tuning.py --smoke   # generated rows, three trials, nothing written

reconstruction  explained variance on test rows of AutoEncoder(8), of the eight columns of wholesale
                AutoEncoder(2), as it comes and after 20 trials, both fitted on the same training
                rows (at most 1,500); three tables, three splits.
                A table whose mean does not rise makes the exit status 1.
choice          `choose_model`, as model="auto" does, of a table like that of `contractive.py wide`,
                at 67.3 % and 50.5 % of its columns; a choice below PCA makes the exit status 1.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import contractive
import pandas as pd
import report
import runs
import tables
from sklearn.model_selection import train_test_split

import entivec

WIDTHS = {"wholesale": 2, "customer_personality": 8, "telco_churn": 8, "generated": 8}
MOST_ROWS = 1500


class Scale(NamedTuple):
    """Tables, splits and trials of a run."""

    tables: tuple[str, ...]
    seeds: tuple[int, ...]
    trials: int
    model: dict[str, Any]
    wide: tuple[int, int]  # rows and columns
    models: tuple[str, ...] | None


SCALES = {
    False: Scale(
        ("wholesale", "customer_personality", "telco_churn"), (0, 1, 2), 20, {}, (4000, 100), None
    ),
    True: Scale(("generated",), (0,), 3, {"max_steps": 20}, (100, 9), ("linear",)),
}


def table(name: str) -> pd.DataFrame:
    if name == "generated":
        return entivec.datasets.make_customers(300, random_state=0).customers.drop(columns="city")
    return tables.load(name).X


def plan(scale: Scale) -> Iterator[tuple[dict[str, Any], Callable[[], dict[str, Any]]]]:
    for seed in scale.seeds:
        for name in scale.tables:
            yield {"table": name, "seed": seed}, lambda n=name, s=seed: compare(scale, n, s)


def compare(scale: Scale, name: str, seed: int) -> dict[str, Any]:
    """Fit the default and search, on the same rows; score both on others."""
    frame = table(name)
    size = min(MOST_ROWS, len(frame) * 2 // 3)
    train, test = train_test_split(frame, train_size=size, random_state=seed)
    start = entivec.AutoEncoder(WIDTHS[name], random_state=seed, **scale.model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clock = time.process_time()
        default = start.fit(train)
        seconds = time.process_time() - clock
        tuned = entivec.tune(start, train, n_trials=scale.trials, random_state=seed)
    state = [trial.state.name for trial in tuned.study_.trials]
    return {
        "rows": size,
        "pca": default.pca_validation_score_,
        "default": default.score(test),
        "tuned": tuned.score(test),
        "default_seconds": seconds,
        "search_seconds": time.process_time() - clock - seconds,
        "given_up": len(state) - state.count("COMPLETE"),
        "parameters": {key: str(value) for key, value in tuned.study_.best_params.items()},
    }


def summary(scale: Scale, done: list[dict[str, Any]]) -> tuple[str, list[str], dict[str, Any]]:
    """Means over the splits; a paired difference with its standard error."""
    frame = pd.DataFrame(done)
    lines, short = [], []
    for name, own in frame.groupby("table", sort=False):
        gain = own["tuned"] - own["default"]
        error = f" ± {gain.std(ddof=1) / len(own) ** 0.5:.4f}" if len(own) > 1 else ""
        if not gain.mean() > 0:
            short.append(f"{name}: {scale.trials} trials gain {gain.mean():+.4f}, bar > 0")
        mean = own.mean(numeric_only=True)
        figures = [f"{mean[key]:.4f}" for key in ("pca", "default", "tuned")]
        effort = [f"{mean[key]:.0f}" for key in ("default_seconds", "search_seconds", "given_up")]
        lines.append(
            [
                name,
                WIDTHS[name],
                int(mean["rows"]),
                *figures,
                f"{gain.mean():+.4f}{error}",
                *effort,
            ]
        )
    headers = ["table", "d", "rows", "PCA (held out)", "default", "tuned", "gain ± standard error"]
    headers += ["CPU s of a fit", "of the search", f"given up of {scale.trials} trials"]
    title = f"Explained variance on test rows, means of {frame['seed'].nunique()} split(s)"
    return f"{title}\n\n{report.table(headers, lines)}", short, {}


# What "auto" finds -------------------------------------------------------------------------------


def choices(scale: Scale) -> Iterator[tuple[dict[str, Any], Callable[[], dict[str, Any]]]]:
    for retained in contractive.RETAINED:
        yield {"retained": retained}, lambda retained=retained: chosen(scale, retained)


def chosen(scale: Scale, retained: float) -> dict[str, Any]:
    """Let the models compete on one table."""
    rows, columns = scale.wide
    frame = contractive.wide_table(rows, columns, seed=0)
    width = round(retained * columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = entivec.choose_model(frame, n_components=width, models=scale.models)
    return {"chosen": found.name, "models": found.comparison.reset_index().to_dict("records")}


def choice_summary(
    scale: Scale, done: list[dict[str, Any]]
) -> tuple[str, list[str], dict[str, Any]]:
    """A line a model."""
    lines, short = [], []
    for run in done:
        of = {one["model"]: one["explained_variance"] for one in run["models"]}
        for one in run["models"]:
            name = f"**{one['model']}**" if one["chosen"] else one["model"]
            unexplained = f"{1 - one['explained_variance']:.4f}"
            lines.append([f"{run['retained']:.1%}", name, unexplained, f"{one['seconds']:.0f}"])
        if of[run["chosen"]] < of["pca"] - 0.001:
            short.append(f"{run['retained']:.1%}: {run['chosen']} is below PCA")
    rows, columns = scale.wide
    headers = ["retained", "model", "unexplained variance, held-out rows", "seconds"]
    text = report.table(headers, lines)
    return f"{text}\n\n{rows:,} × {columns}, generated; the chosen one is bold.", short, {}


FIGURES = {
    "reconstruction": runs.Figure(plan, summary),
    "choice": runs.Figure(choices, choice_summary),
}

if __name__ == "__main__":
    sys.exit(runs.main("tuning", FIGURES, SCALES))
