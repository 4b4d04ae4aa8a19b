"""Cells as whole numbers: which of the distinct values, in sorted order, each of them is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.table.cells import Cells, Name, as_arrow, is_arrow, unhashable

_SPARSE = 4  # integers spread over at most so many times their number are counted, not hashed


def factorize(name: Name, cells: Cells) -> tuple[np.ndarray, pd.Index]:
    """Return ``(codes, levels)``: positions int32 (n,), -1 where missing, and the sorted levels.

    Numbers that cannot be compared with others (text beside integers) are sorted by type and text.
    The order never depends on that of the cells.

    Raises
    ------
    ValueError
        If a cell cannot be hashed (a list, dict, set or array).
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iu" and len(cells):
        counted = _count_integers(cells)
        if counted is not None:
            return counted
    codes, levels = _hashed(name, cells)
    missing = np.asarray(levels.isna())
    order = sorting(levels)
    order = order[~missing[order]]
    rank = np.full(len(levels) + 1, -1, dtype=np.int32)  # the last entry is for code -1
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[codes], levels.take(order)


def _count_integers(cells: np.ndarray) -> tuple[np.ndarray, pd.Index] | None:
    low, high = int(cells.min()), int(cells.max())
    if high - low >= max(_SPARSE * len(cells), 1024):
        return None
    width = high - low + 1
    place = cells if low == 0 else cells - cells.dtype.type(low)
    seen = np.zeros(width, dtype=bool)
    seen[place] = True
    rank = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    levels = np.flatnonzero(seen).astype(cells.dtype) + cells.dtype.type(low)
    return rank[place], pd.Index(levels)


def _hashed(name: Name, cells: Cells) -> tuple[np.ndarray, pd.Index]:
    if isinstance(cells, pd.Categorical):
        used = np.unique(cells.codes)
        known: pd.Index = cells.categories.take(used[used >= 0])
        rank = np.full(len(cells.categories) + 1, -1, dtype=np.int32)
        rank[used[used >= 0]] = np.arange(len(known), dtype=np.int32)
        return rank[cells.codes], known
    if _is_arrow_backed(cells):
        return _dictionary(as_arrow(cells))
    try:
        codes, levels = pd.factorize(cells)
    except (TypeError, NotImplementedError):
        unhashable(name, cells)
    return codes.astype(np.int32), _index(levels)


def _is_arrow_backed(cells: Cells) -> bool:
    text = isinstance(cells.dtype, pd.StringDtype) and cells.dtype.storage.startswith("pyarrow")
    return is_arrow(cells) or text


def _dictionary(chunks: Any) -> tuple[np.ndarray, pd.Index]:
    """Let Arrow hash: its codes are of 32 bits and need no copy."""
    encoded = chunks.dictionary_encode().unify_dictionaries()
    codes = np.empty(len(chunks), dtype=np.int32)
    at = 0
    for chunk in encoded.chunks:
        codes[at : at + len(chunk)] = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        at += len(chunk)
    if not encoded.num_chunks:
        return codes, pd.Index([])
    return codes, pd.Index(encoded.chunk(0).dictionary.to_pandas())


def _index(levels: Any) -> pd.Index:
    objects = isinstance(levels, np.ndarray) and levels.dtype == object
    index: pd.Index = pd.Index(levels, dtype=object if objects else None, tupleize_cols=False)
    return index


def sorting(levels: pd.Index) -> np.ndarray:
    """Return positions of the levels in sorted order."""
    if levels.dtype != object:
        return np.asarray(levels.argsort())
    values = levels.tolist()
    try:
        order = sorted(range(len(values)), key=values.__getitem__)
    except TypeError:
        order = sorted(range(len(values)), key=lambda at: _by_type(values[at]))
    return np.asarray(order, dtype=np.intp)


def _by_type(value: Any) -> tuple[str, str]:
    return type(value).__name__, repr(value)
