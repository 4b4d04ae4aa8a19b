"""Attributes of items, whose vectors are part of the items' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays
from entivec.events.blocks import EventBlocks
from entivec.events.encoder import EventEncoder
from entivec.table.blocks import FIRST_LEVEL
from entivec.table.cells import Name
from entivec.tokens.skip_gram import Attributes


@dataclass
class ItemAttributes:
    """Reads what each item is, from events or from a frame with a row an item.

    Attributes
    ----------
    item : column name
    names : sequence of column names
        The attributes. Numbers with fractions are cut at training quantiles.
    """

    item: Name
    names: Sequence[Name]
    encoder: EventEncoder = field(init=False)

    def __post_init__(self) -> None:
        self.encoder = EventEncoder(self.item, categories=list(self.names))

    def fit(self, events: Any, items: pd.Index) -> Attributes:
        """Learn the levels and return the attributes of `items`: the value most events have."""
        blocks = self.encoder.fit_transform(events)
        return Attributes(self._codes(blocks, items), self.count)

    def transform(self, frame: Any) -> tuple[pd.Index, np.ndarray]:
        """Return the items of a frame, in its order, and their attributes' codes (n, columns)."""
        blocks = self.encoder.transform(frame)
        first = pd.Index(pd.unique(blocks.entities.take(_owners(blocks)[np.argsort(blocks.rows)])))
        return first.rename(self.item), self._codes(blocks, first)

    @property
    def count(self) -> int:
        """Levels of all attributes."""
        return int(sum(self._levels()))

    def _levels(self) -> list[int]:
        return [len(vocabulary) - FIRST_LEVEL for vocabulary in self.encoder.vocabularies_]

    def _codes(self, blocks: EventBlocks, items: pd.Index) -> np.ndarray:
        place = items.get_indexer(blocks.entities)[_owners(blocks)]
        codes = np.full((len(items), len(self.names)), -1, dtype=np.int32)
        first = 0
        for column, levels in enumerate(self._levels()):
            own = blocks.codes[:, column].astype(np.int64) - FIRST_LEVEL
            known = (own >= 0) & (place >= 0)
            item, level = _most_frequent(place[known], own[known], levels)
            codes[item, column] = first + level
            first += levels
        return codes

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the levels as JSON and arrays."""
        return self.encoder.to_state()

    def restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        """Take over what `to_state` described."""
        self.encoder._restore(document, arrays)


def _owners(blocks: EventBlocks) -> np.ndarray:
    return np.repeat(np.arange(len(blocks.entities)), np.diff(blocks.offsets))


def _most_frequent(item: np.ndarray, level: np.ndarray, levels: int) -> tuple[np.ndarray, ...]:
    """Return items and the level that each has most often; of equal ones the commoner in all."""
    keys, counts = np.unique(item * levels + level, return_counts=True)
    order = np.lexsort((-(keys % levels), counts, keys // levels))
    keys = keys[order]
    last = np.append(np.diff(keys // levels) > 0, True)[: len(keys)]
    return keys[last] // levels, keys[last] % levels
