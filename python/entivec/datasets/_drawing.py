"""What all generated data draw by: sizes, seeds and codes.

Only uniform and normal numbers are asked of NumPy, whose other distributions have changed their
streams between releases.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.object_]


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


def choose_within(rng: np.random.Generator, shares: Iterable[npt.ArrayLike], group: Codes) -> Codes:
    """Draw a code for each row with the shares of its group."""
    codes = np.zeros(len(group), dtype=np.int64)
    for own, share in enumerate(shares):
        here = group == own
        codes[here] = choose(rng, share, int(here.sum()))
    return codes


def texts(levels: Any, codes: Codes) -> Texts:
    """Return levels as the texts of a column."""
    return np.array(levels, dtype=object)[codes]


def categorical(levels: Iterable[str], codes: Codes, ordered: bool = False) -> pd.Categorical[str]:
    """Return levels as a categorical column, which knows those that were not drawn, too."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(levels)), ordered=ordered)
