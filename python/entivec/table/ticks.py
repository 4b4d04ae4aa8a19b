"""Time as whole ticks of a unit."""

from __future__ import annotations

import numpy as np

_STEPS = (86_400.0, 3_600.0, 60.0, 1.0, 1e-3, 1e-6)  # day, hour, minute, ... in seconds
_LAST = 2.0**63 - 2 * 86_400e9  # leaves room for time zones


def ticks_per_day(unit: str) -> int:
    """Return how many ticks of `unit` make one day."""
    return int(np.timedelta64(1, "D").astype(f"timedelta64[{unit}]").astype(np.int64))


def as_ticks(values: np.ndarray) -> np.ndarray:
    """Round float64 to int64, kept inside its range."""
    whole: np.ndarray = np.clip(np.nan_to_num(np.rint(values)), -_LAST, _LAST)
    return whole.astype(np.int64)


def clock_step(ticks: np.ndarray, unit: str) -> int:
    """Return the longest usual step of a clock, in ticks, that divides every tick."""
    day = ticks_per_day(unit)
    for seconds in _STEPS:
        step = round(day * seconds / _STEPS[0])
        if step > 1 and not (ticks % step).any():
            return step
    return 1


def span_step(days: np.ndarray) -> float:
    """Return the longest of day, hour, minute and second (in days) that divides every span; or 0.

    NaN counts as divided.
    """
    for seconds in _STEPS[:4]:
        steps = days * (_STEPS[0] / seconds)
        if not (np.abs(steps - np.rint(steps)) > 1e-4).any():
            return seconds / _STEPS[0]
    return 0.0
