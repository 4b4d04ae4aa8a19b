"""What becomes of customers in the eight weeks after a date: facts, sequences, both.

Complete Journey, a basket an event, and CDNOW; see `beside_facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import beside_facts
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


def measure(name: str, given: dict[str, Any] | None, scale: Any) -> runs.Run:
    """Scores of an encoder's embeddings, or of the facts."""
    market, log, columns = read(name)
    if given is None:
        return beside_facts.measure(market, scale.entities, None)
    epochs = {} if scale.epochs is None else {"max_epochs": scale.epochs}
    settings = {"batch_size": BATCH, **given, **epochs}
    model = entivec.SequenceEncoder("who", time="time", **columns, **settings)

    def embed(pairs: list[pd.DataFrame]) -> list[pd.DataFrame]:
        model.fit(log, cutoff=max(market.dates()))
        return [model.transform(log, cutoff=part) for part in pairs]

    return beside_facts.measure(market, scale.entities, embed)


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Facts alone, every encoder alone and with the facts."""
    for name in ("cdnow", "complete_journey"):
        for encoder, given in {beside_facts.FACTS: None, **ENCODERS}.items():
            yield {"data": name, "features": encoder}, partial(measure, name, given, scale)


FIGURE = runs.Figure(measured, beside_facts.summary)
