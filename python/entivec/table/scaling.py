"""Numbers to well-behaved float32 and back: centre, width, soft squash, standardise."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from entivec import _core

_IQR_OF_NORMAL = 1.349  # interquartile range of a standard normal
_BEND = 3.0  # the squash maps the real line into (-3, 3)
_CLAMP = 2.999
_NO_WIDTH = 1e-290  # below it, dividing by the width overflows


@dataclass(frozen=True)
class Scaler:
    """u = (x - centre) / width; u / sqrt(1 + (u/3)^2) where squashed; (u - mean) / sd.

    Attributes
    ----------
    centre, width : float
        Median and IQR / 1.349 ("robust"), mean and standard deviation ("standard" and where the
        IQR is 0), or 0 and 1 ("none").
    squash : bool
        Whether u is squashed softly into (-3, 3).
    mean, sd : float
        Mean and standard deviation of the observed squashed training cells, exact in float32.
    """

    centre: float = 0.0
    width: float = 1.0
    squash: bool = False
    mean: float = 0.0
    sd: float = 1.0

    @classmethod
    def fit(cls, values: np.ndarray, scale: str, gaps: bool) -> tuple[Scaler, np.ndarray]:
        """Return the scaler of float64 `values` and the encoded values, float32 (n,)."""
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
        squasher = cls(*_quartiles(observed), squash=True)
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
        u = encoded.astype(np.float64)
        if self.squash:
            u = np.clip(u * self.sd + self.mean, -_CLAMP, _CLAMP)
            u /= np.sqrt(1.0 - (u / _BEND) ** 2)
        with np.errstate(over="ignore"):
            values = u * self.width + self.centre
        largest = np.finfo(np.float64).max
        return np.asarray(np.clip(values, -largest, largest))

    def state(self) -> dict[str, float | bool]:
        """Return the scaler as JSON-able values."""
        return asdict(self)


def _quartiles(observed: np.ndarray) -> tuple[float, float]:
    lower, median, upper = (float(q) for q in np.percentile(observed, [25.0, 50.0, 75.0]))
    width = min(upper / _IQR_OF_NORMAL - lower / _IQR_OF_NORMAL, np.finfo(np.float64).max)
    return (median, width) if width > _NO_WIDTH else _moments(observed)


def _moments(observed: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation in float64; 1 for a standard deviation that is no width."""
    largest = float(np.abs(observed).max())
    unit = largest if largest > 1e100 else 1.0  # squares of larger numbers overflow
    values = observed / unit if unit != 1.0 else observed
    mean = float(values.mean(dtype=np.float64))
    centred = values.astype(np.float64) - mean
    width = float(np.sqrt(np.dot(centred, centred) / len(centred))) * unit
    return mean * unit, width if width > _NO_WIDTH else 1.0
