"""What becomes of customers in the eight weeks after a date: facts, sequences, both.

The targets, dates and models are those of `facts.py worth`: Complete Journey, a basket an event,
and CDNOW. Encoders see what lies before the last training date and no target; they are judged by
what their embeddings, alone and beside the facts, predict at a later one.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import facts_worth
import pandas as pd
import runs

import entivec

ENCODERS: dict[str, dict[str, Any]] = {
    "random encoder": {"max_epochs": 1, "learning_rate": 1e-9},
    "without order, next": {"cell": "none"},
    "GRU, next": {},
    "GRU, reconstruct": {"objective": "reconstruct"},
    "GRU, contrastive": {"objective": "contrastive"},
    "GRU, contrastive, no dropout": {"objective": "contrastive", "dropout": 0.0},
}
FACTS = "facts"
BATCH = 128  # entities a step, among whose slices "contrastive" finds the hardest negatives


def baskets(lines: pd.DataFrame) -> pd.DataFrame:
    """A row a basket of Complete Journey: its sums, its lines, the department most money is in."""
    groups = lines.groupby("basket_id")
    sums = groups[["money", "quantity", "retail_disc", "coupon_disc"]].sum()
    first = groups[["who", "time", "store_id"]].first()
    by_department = lines.groupby(["basket_id", "department"])["money"].sum()
    main = by_department.sort_values().groupby("basket_id").tail(1).reset_index("department")
    events = first.join(sums).join(main["department"]).assign(lines=groups.size())
    return events.reset_index(drop=True)


def read(name: str) -> tuple[facts_worth.Market, pd.DataFrame, dict[str, Any]]:
    """Return a market, its log as sequences read it, and which columns are what."""
    market = facts_worth.MARKETS[name]()
    if name == "cdnow":
        return market, market.events, {"values": ["money", "units"]}
    values = ["money", "quantity", "retail_disc", "coupon_disc", "lines"]
    columns = {"categories": ["department", "store_id"], "values": values, "min_count": 20}
    return market, baskets(market.events), columns


def some(market: facts_worth.Market, most: int | None, date: Any) -> pd.DataFrame:
    """The pairs of customers and dates, of the first customers."""
    pairs = facts_worth.pairs_of(market, date)
    if most is None:
        return pairs
    return pairs[pairs["who"].isin(pairs["who"].unique()[:most])].reset_index(drop=True)


def facts_of(market: facts_worth.Market, train: pd.DataFrame, test: pd.DataFrame) -> Any:
    """Facts as of every date."""
    aggregator = entivec.FactAggregator(
        "who", time="time", windows=[None, "90D", "30D"], **market.facts
    )
    aggregator.fit(market.events, cutoff=train["cutoff"].min())
    return [
        aggregator.transform(market.events, cutoff=p).reset_index(drop=True) for p in (train, test)
    ]


def measure(name: str, given: dict[str, Any] | None, scale: Any) -> runs.Run:
    """Scores by target and model, of the features and beside the facts."""
    started = time.perf_counter()
    market, log, columns = read(name)
    train = some(market, scale.entities, market.dates())
    test = some(market, scale.entities, [market.test])
    y = [facts_worth.outcomes(market, part) for part in (train, test)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        facts = facts_of(market, train, test)
        inputs = {"": facts}
        if given is not None:
            own = given if scale.epochs is None else {**given, "max_epochs": scale.epochs}
            own = {"batch_size": BATCH, **own}
            model = entivec.SequenceEncoder("who", time="time", **columns, **own)
            model.fit(log, cutoff=max(market.dates()))
            e = [model.transform(log, cutoff=p).reset_index(drop=True) for p in (train, test)]
            both = [pd.concat(parts, axis=1) for parts in zip(facts, e, strict=True)]
            inputs = {"": e, " with facts": both}
    run: runs.Run = {"seconds": time.perf_counter() - started}
    for what, part in inputs.items():
        for target in y[0]:
            for linear in (True, False):
                kind = "linear" if linear else "boosted"
                value = facts_worth.score(part, [y[0][target], y[1][target]], linear, 0)
                run[f"{target}, {kind}{what}"] = value
    return run


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Facts alone, every encoder alone and with the facts."""
    for name in ("cdnow", "complete_journey"):
        for encoder, given in {FACTS: None, **ENCODERS}.items():
            yield (
                {"data": name, "features": encoder},
                lambda name=name, given=given: measure(name, given, scale),
            )


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table a data set; nothing is required of it."""
    parts = []
    for name in dict.fromkeys(run["data"] for run in done):
        own = [run for run in done if run["data"] == name]
        targets = [key for key in own[0] if key not in ("data", "features", "seconds")]
        lines = ["| " + " | ".join([name, *targets]) + " |"]
        lines.append("| --- " * (1 + len(targets)) + "|")
        for run in own:
            lines.append(_row(run["features"], [run[target] for target in targets]))
            if run["features"] != FACTS:
                both = [run[f"{target} with facts"] for target in targets]
                lines.append(_row(f"{run['features']}, with facts", both))
        parts.append("\n".join(lines))
    parts.append("AUROC of buys and redeems, R² of log spend, at the later date.")
    return "\n\n".join(parts), [], {}


def _row(name: str, values: list[float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |"


FIGURE = runs.Figure(measured, summary)
