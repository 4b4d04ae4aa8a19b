"""The blocks in which a log of events reaches the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.times import NS, US

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
    """

    entities: pd.Index
    offsets: np.ndarray
    rows: np.ndarray
    times: np.ndarray | None
    unit: str | None
    zone: Any
    codes: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def seconds(self) -> np.ndarray:
        """Times as float64 seconds since 1970; as they are where they were whole numbers."""
        if self.times is None:
            raise ValueError("these events have no times; name their column with time=")
        return np.asarray(self.times / _PER_SECOND[self.unit])
