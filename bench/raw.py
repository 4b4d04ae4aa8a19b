"""Models on embeddings of tables as their files have them: text, many levels, money and dates.

Before is text as categories (`parse="never", text_components=0`), after the default. For every
table, width and seed: AUC of logistic regression and boosting on the code of either, and of
logistic regression on PCA of the same width. Reached by ``downstream.py --raw``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import encoding
import numpy as np
import pandas as pd
import tables
from downstream import auc, boosting, regression, split

import entivec

WIDTHS = (16, 32)
SEEDS = (0, 1, 2)
WORSE = -0.005  # a difference of AUC that counts
WAYS: dict[str, dict[str, Any]] = {"before": {"parse": "never", "text_components": 0}, "after": {}}


def adult() -> tables.Labelled:
    return tables.adult()


def diabetes130() -> tables.Labelled:
    """Diagnoses of more than 700 levels, question marks as they are."""
    text = {"payer_code": str, "weight": str}
    file = tables.path("diabetes130", "diabetic_data.csv.gz")
    frame = pd.read_csv(file, dtype=text, low_memory=False).drop(columns="encounter_id")
    groups = frame.pop("patient_nbr").to_numpy()
    return tables.Labelled(frame, tables.is_(frame.pop("readmitted"), "<30"), groups)


def customer_personality() -> tables.Labelled:
    """Dates and money as text."""
    file = tables.path("customer_personality", "customer_personality.csv.gz")
    frame = pd.read_csv(file, encoding="utf-8-sig").drop(columns="ID")
    return tables.Labelled(frame, tables.is_(frame.pop("Response"), 1))


def online_retail() -> tables.Labelled:
    """Items by their description: are they sold before Christmas more than in an average month?"""
    lines = pd.read_csv(
        tables.path("online_retail", "online_retail.csv.gz"),
        dtype={"StockCode": str},
        parse_dates=["InvoiceDate"],
    )
    lines = lines[(lines.Quantity > 0) & (lines.UnitPrice > 0) & lines.Description.notna()]
    before = lines[lines.InvoiceDate < "2011-10-01"]
    items = before.groupby("StockCode").agg(
        description=("Description", "first"),
        price=("UnitPrice", "median"),
        lines=("Quantity", "size"),
        each=("Quantity", "median"),
        countries=("Country", "nunique"),
        first=("InvoiceDate", "min"),
    )
    items = items[items.lines >= 10]
    late = lines[lines.InvoiceDate >= "2011-10-01"].groupby("StockCode").size()
    late = late.reindex(items.index, fill_value=0) / 2.3
    return tables.Labelled(items.reset_index(drop=True), (late > items.lines / 10).to_numpy(int))


def complete_journey() -> tables.Labelled:
    """Products by department, category, type and size: is it a brand of the house?"""
    frame = pd.read_csv(tables.path("complete_journey_sample", "products.csv.gz"))
    frame = frame.drop(columns=["product_id", "manufacturer_id"])
    return tables.Labelled(frame, tables.is_(frame.pop("brand"), "Private"))


LOADERS: dict[str, Callable[[], tables.Labelled]] = {
    loader.__name__: loader
    for loader in (adult, diabetes130, customer_personality, online_retail, complete_journey)
}


def measure(
    names: tuple[str, ...] = tuple(LOADERS),
    widths: tuple[int, ...] = WIDTHS,
    seeds: tuple[int, ...] = SEEDS,
    **model: Any,
) -> pd.DataFrame:
    """Return one row per table, seed and width, with progress on stderr."""
    return pd.DataFrame(_measured(names, widths, seeds, model))


def _measured(
    names: tuple[str, ...], widths: tuple[int, ...], seeds: tuple[int, ...], model: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for name in names:
        labelled = LOADERS[name]()
        for seed in seeds:
            train, test = split(labelled, seed)
            for d in widths:
                row: dict[str, Any] = {"table": name, "seed": seed, "d": d}
                for when, parameters in WAYS.items():
                    own = {"n_components": d, "random_state": seed, **model}
                    scores = embedded(labelled, train, test, own, parameters)
                    row |= {f"{key}_{when}": value for key, value in scores.items()}
                print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()},
                      file=sys.stderr, flush=True)  # fmt: skip
                yield row


def embedded(
    labelled: tables.Labelled,
    train: np.ndarray,
    test: np.ndarray,
    own: dict[str, Any],
    parameters: dict[str, Any],
) -> dict[str, float]:
    """Fit, embed and predict; "pca" is logistic regression on PCA of the same table."""
    parts = labelled.X.iloc[train], labelled.X.iloc[test]
    y = labelled.y[train], labelled.y[test]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", entivec.TableWarning)
        table = entivec.TableEncoder(**parameters)
        model = entivec.AutoEncoder(**own, table=table).fit(parts[0])
        codes = [np.asarray(model.transform(part)) for part in parts]
        blocks = [model.table_.transform(part) for part in parts]
    explicit = encoding.Explicit.fit(model.table_, blocks[0])
    hot = [_with_bag(explicit, part) for part in blocks]
    pca = encoding.whitened_pca(hot[0], own["n_components"])
    whitened = [pca.transform(part) for part in hot]
    return {
        "lr": auc(regression(), (codes[0], y[0]), (codes[1], y[1])),
        "boosting": auc(boosting(), (codes[0], y[0]), (codes[1], y[1])),
        "pca": auc(regression(), (whitened[0], y[0]), (whitened[1], y[1])),
        "lost": float((model.table_.schema_.lost_share > 0.2).sum()),
    }


def _with_bag(explicit: encoding.Explicit, blocks: Any) -> np.ndarray:
    return np.hstack([explicit.features(blocks), blocks.bags.toarray()])


COLUMNS = {
    "LR before": "lr_before",
    "after": "lr_after",
    "boosting before": "boosting_before",
    "after ": "boosting_after",
    "LR on PCA before": "pca_before",
    "after  ": "pca_after",
    "columns lost before": "lost_before",
    "after   ": "lost_after",
}


def summary(records: pd.DataFrame) -> tuple[list[str], list[list[Any]], list[str]]:
    """Return the heads and rows of the table, and what falls short of "never worse"."""
    means = records.groupby(["table", "d"], sort=False).mean().drop(columns="seed")
    rows, missed = [], []
    for (name, d), mean in means.iterrows():
        cells = [f"{mean[c]:.0f}" if "lost" in c else f"{mean[c]:.4f}" for c in COLUMNS.values()]
        rows.append([name, d, *cells])
        own = records[(records["table"] == name) & (records["d"] == d)]
        for kind in ("lr", "boosting"):
            gains = own[f"{kind}_after"] - own[f"{kind}_before"]
            if gains.mean() < WORSE:
                missed.append(f"{name} d={d}: {kind} {gains.mean():+.4f} against before")
        if name == "diabetes130" and mean["lr_after"] < mean["pca_after"]:
            missed.append(
                f"{name} d={d}: LR on code {mean['lr_after'] - mean['pca_after']:+.4f} to PCA"
            )
    return ["table", "d", *(name.strip() for name in COLUMNS)], rows, missed
