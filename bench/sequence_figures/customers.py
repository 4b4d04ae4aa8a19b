"""Who buys in the eight weeks after a date: facts, sequences, both; objectives against each other.

CDNOW's 23,570 customers and the households of Complete Journey. Encoders see what lies before the
date and no target; a boosted model and a linear one are judged by five folds of AUC.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import runs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec

HORIZON = pd.Timedelta("56D")
CUTOFFS = {"cdnow": "1998-01-01", "complete_journey": "2017-10-01"}
ENCODERS: dict[str, dict[str, Any]] = {
    "random encoder": {"max_epochs": 1, "learning_rate": 1e-9},
    "without order, next": {"cell": "none"},
    "GRU, next": {},
    "GRU, contrastive": {"objective": "contrastive"},
}


def read(name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return events, and which columns are what."""
    folder = Path(os.environ["ENTIVEC_DATA"])
    if name == "cdnow":
        log = pd.read_csv(folder / "cdnow" / "cdnow_master.csv.gz", parse_dates=["date"])
        return log, {"entity": "customer_id", "time": "date", "values": ["units", "amount"]}
    folder = folder / "complete_journey_sample"
    log = pd.read_csv(folder / "transactions_sample.csv.gz", parse_dates=["transaction_timestamp"])
    products = pd.read_csv(folder / "products.csv.gz", usecols=["product_id", "department"])
    log = log.merge(products, on="product_id", how="left")
    return log, {
        "entity": "household_id",
        "time": "transaction_timestamp",
        "categories": ["department"],
        "values": ["sales_value", "quantity"],
    }


def split(log: pd.DataFrame, columns: dict[str, Any], name: str, most: int | None) -> Any:
    """Return what lies before the date, and who buys in the eight weeks from it."""
    cutoff = pd.Timestamp(CUTOFFS[name])
    when = log[columns["time"]]
    past = log[when < cutoff]
    ids = pd.Index(np.sort(past[columns["entity"]].unique()))[:most]
    past = past[past[columns["entity"]].isin(ids)]
    coming = log.loc[(when >= cutoff) & (when < cutoff + HORIZON), columns["entity"]]
    return past, pd.Series(ids.isin(coming), index=ids), cutoff


def auc(features: np.ndarray, y: pd.Series) -> float:
    """Mean AUC of five folds, logistic regression."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return float(cross_val_score(model, features, y, cv=5, scoring="roc_auc").mean())


def facts_of(past: pd.DataFrame, columns: dict[str, Any], cutoff: pd.Timestamp) -> pd.DataFrame:
    """Facts as of the date; gaps are filled, which a linear model needs."""
    facts = entivec.FactAggregator(**columns).fit_transform(past, cutoff=cutoff)
    return np.sign(facts) * np.log1p(facts.abs()).fillna(0)


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Facts alone, every encoder alone and with the facts."""
    for name in CUTOFFS:
        for encoder, given in {"facts": None, **ENCODERS}.items():

            def point(name: str = name, given: Any = given) -> runs.Run:
                started = time.perf_counter()
                log, columns = read(name)
                past, y, cutoff = split(log, columns, name, scale.entities)
                facts = facts_of(past, columns, cutoff).loc[y.index]
                if given is None:
                    return {"auc": auc(facts, y), "positive": float(y.mean())}
                own = given if scale.epochs is None else {**given, "max_epochs": scale.epochs}
                model = entivec.SequenceEncoder(**columns, **own)
                e = model.fit_transform(past).loc[y.index]
                both = np.hstack([facts, e])
                seconds = time.perf_counter() - started
                return {"auc": auc(e, y), "with facts": auc(both, y), "seconds": seconds}

            yield {"data": name, "features": encoder}, point


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table; nothing is required of it."""
    lines = ["| data | features | AUC | with facts |", "| --- | --- | --- | --- |"]
    for run in done:
        both = f"{run['with facts']:.4f}" if "with facts" in run else ""
        lines.append(f"| {run['data']} | {run['features']} | {run['auc']:.4f} | {both} |")
    return "\n".join(lines), [], {}


FIGURE = runs.Figure(measured, summary)
