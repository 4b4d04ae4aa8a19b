"""Generated tables of several kinds, any number of rows: what a default must stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

Kind = Callable[[int, np.random.Generator], pd.DataFrame]
FIXED = 7  # seed of what all tables of a kind share: their loadings
WIDTH = 20
LEVELS = (2, 3, 4, 6, 8)


def numbers(cells: np.ndarray) -> pd.DataFrame:
    """Return a table of numbers."""
    return pd.DataFrame(cells, columns=[f"x{j}" for j in range(cells.shape[1])])


def loadings(factors: int, width: int = WIDTH) -> np.ndarray:
    """Return the same loadings of every table."""
    return np.random.default_rng(FIXED).normal(size=(factors, width))


def linear(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Three factors and as much noise as one of them."""
    return numbers(rng.normal(size=(n, 3)) @ loadings(3) + rng.normal(size=(n, WIDTH)))


def noise(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Nothing that a narrow code could keep."""
    return numbers(rng.normal(size=(n, WIDTH)))


def skewed(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Amounts: log-normal."""
    return np.exp(linear(n, rng) / 2)


def heavy(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Three factors and noise of Student's t with three degrees of freedom."""
    factors = rng.standard_t(3, size=(n, 3)) @ loadings(3)
    return numbers(factors + rng.standard_t(3, size=(n, WIDTH)))


def curved(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Four factors through sines: PCA keeps half."""
    bent = np.sin(1.5 * rng.normal(size=(n, 4)) @ loadings(4))
    mixed_up = bent @ loadings(WIDTH) / np.sqrt(WIDTH)
    return numbers(mixed_up + 0.2 * rng.normal(size=(n, WIDTH)))


def counts(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Poisson counts, some of them zero."""
    rate = np.exp(0.6 * rng.normal(size=(n, 3)) @ loadings(3) + 1)
    return numbers(rng.poisson(rate).astype(float))


def mixed(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Ten numbers and five categories of the same factors."""
    factors = rng.normal(size=(n, 3))
    table = numbers(factors @ loadings(3, 10) + rng.normal(size=(n, 10)))
    shared = np.random.default_rng(FIXED)
    for column, levels in enumerate(LEVELS):
        liking = 2 * factors @ shared.normal(size=(3, levels)) + rng.gumbel(size=(n, levels))
        table[f"c{column}"] = np.array([*"abcdefgh"])[liking.argmax(axis=1)]
    return table


KINDS: dict[str, Kind] = {
    kind.__name__: kind for kind in (linear, noise, skewed, heavy, curved, counts, mixed)
}
