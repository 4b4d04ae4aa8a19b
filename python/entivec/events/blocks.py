"""The blocks in which a log of events reaches the core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.stored import mapped
from entivec.events.times import NS, US

EVENTS_TOGETHER = 1 << 20
_PER_SECOND = {US: 1e6, NS: 1e9, None: 1.0}


@dataclass(frozen=True)
class EventBlocks:
    """Events sorted by entity, then time, then place in the log.

    Attributes
    ----------
    entities : pandas.Index
        Sorted; ``entities[e]`` has the events ``offsets[e]`` to ``offsets[e + 1]``.
    offsets : ndarray of shape (entities + 1,), int64
    rows : ndarray of shape (events,), int32
        The place of each event in the log.
    times : ndarray of shape (events,), int64, or None
        Ticks since 1970, exact, in UTC where there is a zone.
    unit : str or None
        "us" or "ns"; None for times given as whole numbers.
    zone : tzinfo or None
    codes : ndarray of shape (events, k), int32
        0 missing, 1 other or unseen, 2, 3, … by falling frequency in training.
    values : ndarray of shape (events, m), float64
        NaN where missing.
    on_disk : bool
        Whether these arrays lie in temporary files, as those of a log that is larger than memory.
    """

    entities: pd.Index
    offsets: np.ndarray
    rows: np.ndarray
    times: np.ndarray | None
    unit: str | None
    zone: Any
    codes: np.ndarray
    values: np.ndarray
    on_disk: bool = False

    def room(self, dtype: Any) -> np.ndarray:
        """Return an array of a number an event, where these lie."""
        shape = (len(self),)
        return mapped(shape, dtype) if self.on_disk else np.empty(shape, dtype)

    def spans(self) -> Iterator[tuple[slice, slice]]:
        """Yield which entities, and which events of theirs, to look at together."""
        begin, entities = 0, len(self.entities)
        while begin < entities:
            most = self.offsets[begin] + EVENTS_TOGETHER
            end = int(np.searchsorted(self.offsets, most, side="right")) - 1
            end = min(max(end, begin + 1), entities)
            yield slice(begin, end), slice(int(self.offsets[begin]), int(self.offsets[end]))
            begin = end

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def seconds(self) -> np.ndarray:
        """Times as float64 seconds since 1970; as they are where they were whole numbers."""
        if self.times is None:
            raise ValueError("these events have no times; name their column with time=")
        return np.asarray(self.times / _PER_SECOND[self.unit])
