"""Nearest neighbours by the cosine of vectors: exact, block by block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.values import quoted

MOST_CELLS = 1 << 24  # similarities that are held at once: 64 MB


def most_similar(
    vectors: pd.DataFrame, items: Any, n: int = 10, what: str = "item"
) -> pd.DataFrame:
    """Find the nearest neighbours of some items among all, by cosine similarity.

    Time grows with items asked for × items × width; memory is bounded.

    Parameters
    ----------
    vectors : DataFrame of shape (items, d)
        One row an item, indexed by it.
    items : label or list-like of labels
        Whose neighbours to find.
    n : int, default 10
        Neighbours of each, or all others where there are fewer.
    what : str, default "item"
        What a row stands for: the name of the first column, and the word of messages.

    Returns
    -------
    DataFrame of shape (asked for × n, 3)
        Columns `what`, "neighbour", "similarity" (cosine, float32), the items in the order in which
        they were asked for, the neighbours of each by falling similarity, ties by their place in
        `vectors`. An item whose vector is zero has similarity 0 to all.

    Raises
    ------
    ValueError
        If an item is unknown or `n` is no positive whole number.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.tokens.neighbours import most_similar
    >>> vectors = pd.DataFrame([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], index=["tea", "milk", "nail"])
    >>> most_similar(vectors, "tea", n=1)
      item neighbour  similarity
    0  tea      milk    0.995037
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n must be a whole number of at least 1, got {n!r}")
    rows = find_rows(vectors.index, items, what)
    n = min(int(n), len(vectors) - 1)
    unit = unit_rows(vectors.to_numpy(dtype=np.float32))
    found = np.empty((len(rows), n), dtype=np.intp)
    similarity = np.empty((len(rows), n), dtype=np.float32)
    block = max(1, MOST_CELLS // len(unit))
    for first in range(0, len(rows), block):
        part = slice(first, first + block)
        found[part], similarity[part] = _nearest(unit, rows[part], n)
    return pd.DataFrame(
        {
            what: vectors.index.take(np.repeat(rows, n)),
            "neighbour": vectors.index.take(found.ravel()),
            "similarity": similarity.ravel(),
        }
    )


def find_rows(index: pd.Index, items: Any, what: str) -> np.ndarray:
    """Return where each of `items` (a label or several) stands in `index`.

    Raises
    ------
    ValueError
        If one does not; the message names it.
    """
    wanted = _as_index(index, items)
    rows = index.get_indexer(wanted)
    if (rows < 0).any():
        unknown = wanted[rows < 0].unique()
        raise ValueError(
            f"{len(unknown)} of the {what}s asked for have no vector, among them"
            f" {quoted(unknown[0])}; the model was fitted on {len(index):,} {what}s, see vectors_"
        )
    return rows


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows at length 1; those of length 0 stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.zeros_like(vectors)
    np.divide(vectors, length, out=unit, where=length > 0)
    return unit


def _as_index(index: pd.Index, items: Any) -> pd.Index:
    if isinstance(items, pd.Index):
        return items
    # A tuple may be a label: it is one where the index has it.
    one = pd.api.types.is_scalar(items) or (isinstance(items, tuple) and items in index)
    if not one and not isinstance(items, Iterable):
        one = True
    wanted: pd.Index = pd.Index([items] if one else list(items), dtype=object if one else None)
    return wanted


def _nearest(unit: np.ndarray, rows: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    similarity = unit[rows] @ unit.T
    similarity[np.arange(len(rows)), rows] = -np.inf
    if n < similarity.shape[1] - 1:
        least = np.partition(similarity, -n, axis=1)[:, [-n]]
        found = np.stack(
            [_at_least(own, low, n) for own, low in zip(similarity, least, strict=True)]
        )
    else:
        found = np.argsort(-similarity, axis=1, kind="stable")[:, :n]
    return found, np.take_along_axis(similarity, found, axis=1)


def _at_least(similarity: np.ndarray, least: np.ndarray, n: int) -> np.ndarray:
    """Return the `n` largest, which are not below `least`, of equal ones the first."""
    near = np.flatnonzero(similarity >= least)
    return near[np.argsort(-similarity[near], kind="stable")[:n]]
