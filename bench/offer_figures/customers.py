"""What histories and offers know of customers: the next eight weeks by their vectors, beside facts.

Complete Journey and Online Retail, products as items; see `beside_facts`.
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

ITEMS = {"complete_journey": "product_id", "online_retail": "StockCode"}
FREQUENT = 20  # events of an item that is one of its own


def histories(market: facts_worth.Market, item: str, scale: Any) -> Any:
    """Vectors of histories at each pair's date."""
    epochs = {} if scale.epochs is None else {"max_epochs": scale.epochs}
    model = entivec.HistoryEncoder("who", item, time="time", min_count=FREQUENT, **epochs)

    def embed(pairs: list[pd.DataFrame]) -> list[pd.DataFrame]:
        last = max(market.dates())
        model.fit(market.events[market.events["time"] < last])
        return [model.transform(market.events, cutoff=part) for part in pairs]

    return embed


MODELS: dict[str, Any] = {beside_facts.FACTS: None, "HistoryEncoder": histories}


def measure(name: str, model: str, scale: Any) -> runs.Run:
    """Scores of a model's vectors of customers, or of the facts."""
    market = facts_worth.MARKETS[name]()
    make = MODELS[model]
    embed = None if make is None else make(market, ITEMS[name], scale)
    return beside_facts.measure(market, scale.users, embed)


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Facts alone, vectors alone and with the facts."""
    for name in scale.customers:
        for model in MODELS:
            yield {"data": name, "features": model}, partial(measure, name, model, scale)


FIGURE = runs.Figure(measured, beside_facts.summary)
