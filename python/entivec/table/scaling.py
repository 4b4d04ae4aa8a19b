"""Numbers to well-behaved float32 and back: centre, width, a soft squash, standardise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from entivec import _core

_IQR_OF_NORMAL = 1.349  # interquartile range of a standard normal
_ENOUGH_CELLS = 500
_FEW = 256  # cells up to which sorting them is faster than asking NumPy for percentiles
_BEND = 3.0  # widths from the centre, from where on the squash shows
_CLAMP = 2.999  # what a number squashed into (-3, 3) is undone from at most
_LARGEST = float(np.finfo(np.float64).max)
_NO_WIDTH = 1e-290  # below it, dividing by the width overflows


@dataclass(frozen=True)
class Scaler:
    """u = (x - centre) / width; v = squash(u); (v - mean) / sd.

    Attributes
    ----------
    centre, width : float
        Median and IQR / 1.349 ("robust"), mean and standard deviation ("standard" and where the
        IQR is 0), or 0 and 1 ("none"). Of fewer than 500 cells the width is the standard deviation.
    squash : str
        "root": v = u / sqrt((1 + g) / 2) with g = sqrt(1 + (u/3)^2), which is u near the centre
        and grows like a root far out. "bounded": v = u / g, of models before. "none": v = u,
        also of fewer than 500 cells.
    mean, sd : float
        Mean and standard deviation of the observed squashed training cells, exact in float32; the
        standard deviation over the square root of the column's weight.
    """

    centre: float = 0.0
    width: float = 1.0
    squash: str = "none"
    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def fit(
        cls, values: np.ndarray, scale: str, gaps: bool, weight: float = 1.0
    ) -> tuple[Scaler, np.ndarray]:
        """Return the scaler of float64 `values` and the encoded values, float32 (n,)."""
        scaler, encoded = cls._fit(values, scale, gaps)
        if weight != 1.0:
            scaler = replace(scaler, sd=float(np.float32(scaler.sd / math.sqrt(weight))))
            scaler.encode(values, encoded)
        return scaler, encoded

    @classmethod
    def _fit(cls, values: np.ndarray, scale: str, gaps: bool) -> tuple[Scaler, np.ndarray]:
        encoded = np.empty(len(values), dtype=np.float32)
        if scale == "none":
            scaler = cls()
            scaler.encode(values, encoded)
            return scaler, encoded
        observed = values[~np.isnan(values)] if gaps else values
        if scale == "standard":
            scaler = cls(*_moments(observed))
            scaler.encode(values, encoded)
            return scaler, encoded
        squasher = cls(*_quartiles(observed), squash="root")
        if len(observed) < _ENOUGH_CELLS:  # to know a tail
            squasher = cls(squasher.centre, _moments(observed)[1])
        squasher.encode(values, encoded)
        seen = encoded[~np.isnan(encoded)] if gaps else encoded
        mean, sd = (float(np.float32(part)) for part in _moments(seen))
        scaler = replace(squasher, mean=mean, sd=sd)
        scaler.encode(values, encoded)
        return scaler, encoded

    def statistics(self) -> tuple[float, float, float, float]:
        """Centre, width, mean and sd, as the compiled core takes them."""
        return self.centre, self.width, self.mean, self.sd

    def encode(self, values: np.ndarray, out: np.ndarray) -> None:
        """Write float64 `values` (n,) scaled into float32 `out` (n,); NaN stays NaN."""
        statistics = np.array(self.statistics()).reshape(4, 1)
        _core.scale(values[:, np.newaxis], statistics, self.squash, out[:, np.newaxis])

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """Return the numbers (float64) that `encoded` (float32) stands for; NaN stays NaN."""
        return decoded(encoded, self.squash, *self.statistics())

    def state(self) -> dict[str, Any]:
        """Return the scaler as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Scaler:
        """Rebuild the scaler that `state` described; `squash` was true or false once."""
        squash = state["squash"]
        return cls(**{**state, "squash": {True: "bounded", False: "none"}.get(squash, squash)})


def decoded(encoded: np.ndarray, squash: str, *statistics: Any) -> np.ndarray:
    """Undo the scaling by `Scaler.statistics`, each a number or one for every column."""
    centre, width, mean, sd = statistics
    v = encoded.astype(np.float64) * sd + mean
    if squash != "none":
        v = _stretched(v, squash)
    with np.errstate(over="ignore"):
        values = v * width + centre
    return np.asarray(np.clip(values, -_LARGEST, _LARGEST))


def _stretched(v: np.ndarray, squash: str) -> np.ndarray:
    """Undo the squash."""
    if squash == "root":
        return np.asarray(v * np.sqrt(1.0 + (v / (2 * _BEND)) ** 2))
    v = np.clip(v, -_CLAMP, _CLAMP)
    return np.asarray(v / np.sqrt(1.0 - (v / _BEND) ** 2))


def _quartiles(observed: np.ndarray) -> tuple[float, float]:
    lower, median, upper = _at_quarters(observed)
    width = min(upper / _IQR_OF_NORMAL - lower / _IQR_OF_NORMAL, np.finfo(np.float64).max)
    return (median, width) if width > _NO_WIDTH else _moments(observed)


def _at_quarters(observed: np.ndarray) -> tuple[float, ...]:
    """`numpy.percentile` of 25, 50 and 75, which takes ten times as long for a few rows."""
    if len(observed) > _FEW:
        return tuple(float(q) for q in np.percentile(observed, [25.0, 50.0, 75.0]))
    ordered = np.sort(observed).tolist()
    return tuple(_between(ordered, share * (len(ordered) - 1)) for share in (0.25, 0.5, 0.75))


def _between(ordered: list[float], place: float) -> float:
    """Interpolate as NumPy does: from the nearer end, to the last bit."""
    below, rest = int(place), place % 1
    lower, upper = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    step = upper - lower
    if math.isinf(step):
        return lower * (1 - rest) + upper * rest
    return upper - step * (1 - rest) if rest >= 0.5 else lower + step * rest


def _moments(observed: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation in float64; 1 for a standard deviation that is no width."""
    largest = float(np.abs(observed).max())
    unit = largest if largest > 1e100 else 1.0  # squares of larger numbers overflow
    values = observed / unit if unit != 1.0 else observed
    mean = float(values.mean(dtype=np.float64))
    centred = values.astype(np.float64) - mean
    width = float(np.sqrt(np.dot(centred, centred) / len(centred))) * unit
    return mean * unit, width if width > _NO_WIDTH else 1.0
