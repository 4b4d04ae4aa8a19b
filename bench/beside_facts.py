"""Vectors of customers, alone and beside facts: what becomes of them in eight weeks.

The targets, dates and models are those of `facts.py worth`. What is trained sees what lies before
the last training date and no target; it is judged by what its vectors predict at a later one.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import facts_worth
import pandas as pd
import report
import runs

FACTS = "facts"
TEXT = "AUROC of buys and redeems, R² of log spend, at the later date."


def some(market: facts_worth.Market, most: int | None, dates: list[pd.Timestamp]) -> pd.DataFrame:
    """The pairs of customers and dates, of the first customers."""
    pairs = facts_worth.pairs_of(market, dates)
    if most is None:
        return pairs
    return pairs[pairs["who"].isin(pairs["who"].unique()[:most])].reset_index(drop=True)


def measure(
    market: facts_worth.Market,
    most: int | None,
    embed: Callable[[list[pd.DataFrame]], list[pd.DataFrame]] | None,
) -> runs.Run:
    """Scores by target and model: of the facts, or of vectors alone and beside the facts.

    `embed` returns a row of vectors for each row of the pairs of training and of test.
    """
    started = time.perf_counter()
    pairs = [some(market, most, dates) for dates in (market.dates(), [market.test])]
    y = [facts_worth.outcomes(market, part) for part in pairs]
    facts = facts_worth.facts_of(market, *pairs)
    inputs = {"": facts}
    if embed is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # customers that are met for the first time
            vectors = [part.reset_index(drop=True) for part in embed(pairs)]
        both = [pd.concat(parts, axis=1) for parts in zip(facts, vectors, strict=True)]
        inputs = {"": vectors, " with facts": both}
    run: runs.Run = {"seconds": time.perf_counter() - started}
    for what, part in inputs.items():
        for target in y[0]:
            for kind in ("linear", "boosted"):
                value = facts_worth.score(part, [y[0][target], y[1][target]], kind == "linear", 0)
                run[f"{target}, {kind}{what}"] = value
    return run


def summary(_: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table a data set; nothing is required of it."""
    parts = []
    for name in dict.fromkeys(run["data"] for run in done):
        own = [run for run in done if run["data"] == name]
        targets = [key for key in own[0] if key not in ("data", "features", "seconds")]
        lines = []
        for run in own:
            lines.append([run["features"], *(f"{run[target]:.3f}" for target in targets)])
            if run["features"] != FACTS:
                both = [f"{run[f'{target} with facts']:.3f}" for target in targets]
                lines.append([f"{run['features']}, with facts", *both])
        parts.append(report.table([name, *targets], lines))
    return "\n\n".join([*parts, TEXT]), [], {}
