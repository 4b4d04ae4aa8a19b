"""The next activity of cases and the time to it, beside Tax et al. 2017.

The first two thirds of the cases are trained on; of the others every prefix of at least two events
that something follows is asked what.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import runs

import entivec

BARS = {"helpdesk": 0.71, "bpi_12_w": 0.76}
PUBLISHED = {"helpdesk": (0.712, 3.75), "bpi_12_w": (0.760, 1.56)}
TRAINED = 2 / 3


def read(name: str, cases: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events of the first two thirds of the cases, and those of the others."""
    path = Path(os.environ["ENTIVEC_DATA"]) / "process_events" / f"{name}.csv.gz"
    log = pd.read_csv(path, parse_dates=["CompleteTimestamp"])
    order = pd.unique(log["CaseID"])[:cases]
    first = order[: round(TRAINED * len(order))]
    log = log[log["CaseID"].isin(order)]
    return log[log["CaseID"].isin(first)], log[~log["CaseID"].isin(first)]


def measure(name: str, cell: str, scale: Any) -> runs.Run:
    """Accuracy of the next activity, and days of mean absolute error of the time to it."""
    started = time.perf_counter()
    train, test = read(name, scale.entities)
    given = {} if scale.epochs is None else {"max_epochs": scale.epochs}
    model = entivec.SequenceEncoder(
        "CaseID", time="CompleteTimestamp", categories=["ActivityID"], cell=cell, **given
    ).fit(train)
    said = model.predict_next(test, 1, after="every").set_index("event")
    cases = test.sort_values(["CaseID", "CompleteTimestamp"], kind="stable").groupby("CaseID")
    ordered = test.assign(
        following=cases["ActivityID"].shift(-1),
        gap=cases["CompleteTimestamp"].shift(-1) - test["CompleteTimestamp"],
        prefix=cases.cumcount() + 1,
    )
    asked = ordered[ordered["following"].notna() & (ordered["prefix"] >= 2)]
    answer = said.loc[asked.index]
    right = answer["ActivityID"].to_numpy() == asked["following"].to_numpy()
    error = (answer["gap"] - asked["gap"]).abs() / pd.Timedelta("1D")
    seconds = time.perf_counter() - started
    return {"accuracy": float(right.mean()), "days": float(error.mean()), "seconds": seconds}


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Both logs, with and without order."""
    for name in BARS:
        for cell in ("none", "gru", "lstm"):
            yield (
                {"data": name, "cell": cell},
                lambda name=name, cell=cell: measure(name, cell, scale),
            )


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table, and what falls short."""
    lines = ["| log | cell | accuracy | days |", "| --- | --- | --- | --- |"]
    failures = []
    for name, bar in BARS.items():
        own = [run for run in done if run["data"] == name]
        lines += [
            f"| {name} | {run['cell']} | {run['accuracy']:.3f} | {run['days']:.2f} |" for run in own
        ]
        accuracy, days = PUBLISHED[name]
        lines.append(f"| {name} | Tax et al. 2017 | {accuracy:.3f} | {days:.2f} |")
        best = max(run["accuracy"] for run in own if run["cell"] != "none")
        if best < bar:
            failures.append(f"{name}: accuracy {best:.3f} < {bar}")
    return "\n".join(lines), failures, {}


FIGURE = runs.Figure(measured, summary)
