"""Timing two or more contenders in turn, and figures beside their bars."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Line(NamedTuple):
    """One figure beside its bar."""

    what: str
    measured: str
    required: str
    met: bool


class DisagreementError(RuntimeError):
    """Two ways of computing the same thing that differ."""


WARM_SECONDS = 0.1  # a core that has slept takes as long to come back to its speed
LEAST_SECONDS = 0.2


def seconds_of(call: Callable[[], Any]) -> float:
    """Return the seconds that `call` takes, the mean of as many calls as fill LEAST_SECONDS."""
    time.sleep(0.5)  # until the threads of the contender before this one wait without spinning
    _mean_of_calls(call, WARM_SECONDS)
    return _mean_of_calls(call, LEAST_SECONDS)


def _mean_of_calls(call: Callable[[], Any], least: float) -> float:
    calls, taken, started = 0, 0.0, time.perf_counter()
    while taken < least:
        call()
        calls, taken = calls + 1, time.perf_counter() - started
    return taken / calls


def alternate(contenders: dict[Any, Callable[[], Any]], runs: int) -> dict[Any, list[float]]:
    """Time every contender in turn, `runs` times after one round to warm up."""
    for call in contenders.values():
        call()
    seconds: dict[Any, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, call in contenders.items():
            seconds[name].append(seconds_of(call))
    return seconds


def medians_of(seconds: dict[Any, list[float]]) -> dict[Any, float]:
    """Return the median of every contender's seconds."""
    return {name: statistics.median(times) for name, times in seconds.items()}


def at_least(what: str, ratio: float, bar: float, unit: str = " ×") -> Line:
    """Return a figure that should not be below `bar`."""
    return Line(what, f"{ratio:.2f}{unit}", f"≥ {bar:g}{unit}", ratio >= bar)


def at_most(what: str, figure: float, bar: float, unit: str = " ×") -> Line:
    """Return a figure that should not be above `bar`."""
    return Line(what, f"{figure:.2f}{unit}", f"≤ {bar:g}{unit}", figure <= bar)


def check_agreement(what: str, ours: Any, theirs: Any, tolerance: float) -> float:
    """Return the relative difference; raise DisagreementError where it is above `tolerance`."""
    difference = float(np.linalg.norm(np.subtract(ours, theirs)) / np.linalg.norm(theirs))
    if not difference <= tolerance:
        raise DisagreementError(
            f"{what}: relative difference {difference:.2g}, allowed {tolerance:g}"
        )
    return difference
