"""What all generated data draw by: sizes, seeds and codes.

Only uniform and normal numbers are asked of NumPy, whose other distributions have changed their
streams between releases.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]


def check_n(n: Any, what: str) -> None:
    """Raise unless `n` is a whole number of at least 1; `what` is counted by it."""
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"n must be an integer, got {n!r}; give the number of {what}.")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}; give the number of {what}.")


def generator(random_state: int | np.random.Generator | None) -> np.random.Generator:
    """Return the generator of a seed, or the one given."""
    # PCG64 by name: default_rng may change its bit generator in a later NumPy.
    if isinstance(random_state, np.random.Generator):
        return random_state
    return np.random.Generator(np.random.PCG64(random_state))


def choose(rng: np.random.Generator, share: npt.ArrayLike, n: int) -> Codes:
    """Draw n codes with the given shares."""
    edges = np.cumsum(share)
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(n), side="right")
