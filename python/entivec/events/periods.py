"""Entities by products by periods: how often, or how much, as of a date."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.events.blocks import EventBlocks
from entivec.events.cutoffs import Cutoffs, read_cutoffs
from entivec.events.spans import Span, read_span
from entivec.events.times import local_ticks
from entivec.table.blocks import FIRST_LEVEL
from entivec.table.cells import Name

if TYPE_CHECKING:
    from entivec.events.encoder import EventEncoder

MOST_CELLS = 2**31


def tensor_of_periods(
    encoder: EventEncoder,
    blocks: EventBlocks,
    period: Any,
    count: int,
    value: Name | None,
    category: int,
    cutoff: Any,
    entities: Any,
) -> pd.DataFrame:
    """Return `EventEncoder.periods`."""
    span = read_span("period", period)
    names = _products(encoder, category)
    amounts = None if value is None else _amounts(encoder, blocks, value)
    if count < 1:
        raise ValueError(f"count is {count}; give at least one period")
    if blocks.unit is None:
        raise ValueError("periods need times; name their column with time=, as datetimes")
    cutoffs = read_cutoffs(cutoff, entities, blocks, None, None)
    shape = (len(cutoffs.index), len(names), count)
    if shape[0] * shape[1] * shape[2] > MOST_CELLS:
        raise ValueError(
            f"{shape[0]:,} rows of {shape[1]:,} products in {count:,} periods are too many cells;"
            " keep the most frequent products with max_items="
        )
    totals = np.zeros(shape, dtype=np.float32)
    for row, places, ago in _seen(blocks, cutoffs, span, count):
        product = blocks.codes[places, category] - FIRST_LEVEL
        known = (product >= 0) & (ago < count)
        amount = np.ones(len(places)) if amounts is None else amounts[places]
        cells = (product * count + count - 1 - ago)[known]
        flat = totals[row].reshape(-1)
        flat += np.bincount(cells, amount[known], minlength=len(flat)).astype(np.float32)
    columns = pd.MultiIndex.from_product(
        [names, range(-count, 0)], names=[_name_of(encoder, category), "period"]
    )
    return pd.DataFrame(totals.reshape(shape[0], -1), index=cutoffs.index, columns=columns)


def _products(encoder: EventEncoder, category: int) -> list[Hashable]:
    """Names of the levels that training knows, joined tokens as text."""
    if not 0 <= category < len(encoder.vocabularies_):
        raise ValueError(
            f"category is {category}; the encoder has {len(encoder.vocabularies_)}, numbered from 0"
        )
    codes = np.arange(FIRST_LEVEL, len(encoder.vocabularies_[category]))
    names = encoder.inverse(codes, category)
    return ["|".join(map(str, name)) if isinstance(name, tuple) else name for name in names]


def _name_of(encoder: EventEncoder, category: int) -> Hashable:
    token = encoder.categories[category]
    return "|".join(map(str, token)) if isinstance(token, list) else token


def _amounts(encoder: EventEncoder, blocks: EventBlocks, value: Name) -> np.ndarray:
    values = list(encoder.values)
    if value not in values:
        raise ValueError(f"value is {value!r}, which is none of values={values!r}; name it there")
    amounts: np.ndarray = blocks.values  # noqa: PD011
    return np.asarray(np.nan_to_num(amounts[:, values.index(value)]))


def _seen(blocks: EventBlocks, cutoffs: Cutoffs, span: Span, count: int) -> Any:
    """Yield every row with the places of its events and how many periods ago they were."""
    times, ends = blocks.times, cutoffs.end
    assert times is not None
    if span.months:
        ends = cutoffs.end_local
        if blocks.zone is not None:
            times = local_ticks(times, str(blocks.unit), blocks.zone)
    begins, stops = cutoffs.events(blocks)
    edges: dict[int, np.ndarray] = {}
    for row, (begin, stop, end) in enumerate(zip(begins, stops, ends.tolist(), strict=True)):
        if end not in edges:
            edges[end] = _edges(end, span, count, str(blocks.unit))
        own = times[begin:stop]
        # From the newest edge back: an event on an edge belongs to the period that begins there.
        yield row, np.arange(begin, stop), np.searchsorted(edges[end], -own, side="left")


def _edges(end: int, span: Span, count: int, unit: str) -> np.ndarray:
    """Where the periods before `end` begin, the newest first, negated: (count,) rising."""
    if not span.months:
        return -(end - np.arange(1, count + 1) * span.ticks(unit))
    moment = pd.Timestamp(np.int64(end).view(f"datetime64[{unit}]"))
    begins = [moment - pd.DateOffset(months=span.months * k) for k in range(1, count + 1)]
    return -np.array([begin.to_datetime64() for begin in begins], dtype=f"M8[{unit}]").view(
        np.int64
    )
