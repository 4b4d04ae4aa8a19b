"""The numbers of events as a network reads them: gaps, values, places in the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from entivec.events.blocks import EventBlocks
from entivec.events.times import TICKS_PER_DAY, local_ticks

SKEWED = 1.0  # skewness from which numbers are taken as logarithms
DAYS = {"day": 1.0, "week": 7.0, "year": 365.2425}  # what periods of the calendar last


@dataclass(frozen=True)
class Scale:
    """How a column of numbers is scaled: the logarithm of 1 + |x| with its sign, or as it is."""

    mean: float
    deviation: float
    logarithm: bool

    @classmethod
    def fit(cls, values: np.ndarray, logarithm: bool | None = None) -> Scale:
        """Learn from numbers (n,), NaN missing; skewed ones become logarithms unless told."""
        seen = values[~np.isnan(values)]
        if len(seen) == 0:
            return cls(0.0, 1.0, bool(logarithm))
        if logarithm is None:
            logarithm = bool(_skewness(np.abs(seen)) > SKEWED)
        scaled = _log(seen) if logarithm else seen
        deviation = float(scaled.std())
        return cls(float(scaled.mean()), deviation if deviation > 0 else 1.0, logarithm)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return scaled numbers."""
        return ((_log(values) if self.logarithm else values) - self.mean) / self.deviation

    def invert(self, scaled: np.ndarray) -> np.ndarray:
        """Return the numbers that were scaled."""
        values = scaled.astype(np.float64) * self.deviation + self.mean
        return np.sign(values) * np.expm1(np.abs(values)) if self.logarithm else values


@dataclass(frozen=True)
class NumberEncoder:
    """Numbers of events as one block: predicted ones first, then sines and cosines of times.

    Attributes
    ----------
    names : tuple of str
        Of the predicted ones: "gap", where there are times, then the values.
    scales : tuple of Scale
    periods : tuple of str
        Of the calendar, in which the training events differ.
    """

    names: tuple[str, ...]
    scales: tuple[Scale, ...]
    periods: tuple[str, ...]

    @classmethod
    def fit(cls, blocks: EventBlocks, values: Sequence[Any]) -> NumberEncoder:
        """Learn scales and periods from training events."""
        names: list[str] = []
        scales: list[Scale] = []
        if blocks.times is not None:
            names.append("gap")
            scales.append(Scale.fit(gaps(blocks), logarithm=True))
        for at, name in enumerate(values):
            names.append(str(name))
            scales.append(Scale.fit(blocks.values[:, at]))
        periods = [name for name in DAYS if blocks.unit is not None and _differ(blocks, name)]
        return cls(tuple(names), tuple(scales), tuple(periods))

    @property
    def width(self) -> int:
        """Columns of the block."""
        return len(self.scales) + 2 * len(self.periods)

    def transform(self, blocks: EventBlocks) -> np.ndarray:
        """Return the block, float32 (events, width), NaN where a predicted number is missing."""
        block = np.empty((len(blocks), self.width), dtype=np.float32)
        columns = [gaps(blocks)] if "gap" in self.names[:1] and blocks.times is not None else []
        columns += list(blocks.values.T)
        for at, (scale, column) in enumerate(zip(self.scales, columns, strict=True)):
            block[:, at] = scale.apply(column)
        for at, name in enumerate(self.periods):
            angle = 2 * np.pi * _phase(blocks, name)
            block[:, len(self.scales) + 2 * at] = np.sin(angle)
            block[:, len(self.scales) + 2 * at + 1] = np.cos(angle)
        return block

    def invert(self, predicted: np.ndarray) -> np.ndarray:
        """Return predicted numbers (n, names) in the units of the events."""
        columns = [s.invert(c) for s, c in zip(self.scales, predicted.T, strict=True)]
        return np.stack(columns, axis=1) if columns else np.empty((len(predicted), 0))

    def to_state(self) -> dict[str, Any]:
        """Return a JSON document."""
        scales = [asdict(scale) for scale in self.scales]
        return {"names": list(self.names), "scales": scales, "periods": list(self.periods)}

    @classmethod
    def from_state(cls, document: dict[str, Any]) -> NumberEncoder:
        """Return what `to_state` described."""
        scales = tuple(Scale(**scale) for scale in document["scales"])
        return cls(tuple(document["names"]), scales, tuple(document["periods"]))


def gaps(blocks: EventBlocks) -> np.ndarray:
    """Time since the event before of the same entity, (events,): seconds, or whole numbers' units.

    NaN for the first event of an entity.
    """
    assert blocks.times is not None
    ticks = np.full(len(blocks), np.nan)
    ticks[1:] = np.diff(blocks.times)
    ticks[blocks.offsets[:-1][np.diff(blocks.offsets) > 0]] = np.nan
    return ticks if blocks.unit is None else ticks / (TICKS_PER_DAY[blocks.unit] / 86_400)


def _phase(blocks: EventBlocks, period: str) -> np.ndarray:
    """Where in a period of the calendar events are, as a share of it."""
    times, unit = blocks.times, blocks.unit
    assert times is not None
    assert unit is not None
    local = times if blocks.zone is None else local_ticks(times, unit, blocks.zone)
    return np.asarray(np.mod(local / TICKS_PER_DAY[unit] / DAYS[period], 1.0))


def _differ(blocks: EventBlocks, period: str) -> bool:
    phase = _phase(blocks, period)
    return bool(np.ptp(phase) > 1e-3)


def _log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _skewness(values: np.ndarray) -> float:
    deviation = values.std()
    return float(np.mean(((values - values.mean()) / deviation) ** 3)) if deviation > 0 else 0.0
