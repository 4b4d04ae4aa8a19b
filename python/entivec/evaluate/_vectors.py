"""Embeddings as the evaluations of vectors read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.base.frames import label_at


def read_vectors(vectors: Any) -> tuple[np.ndarray, pd.Index]:
    """Return vectors (n, d) as float64, and the labels of their rows.

    Raises
    ------
    ValueError
        If they are no matrix with rows and columns, or a number is missing or infinite.
    """
    index = vectors.index if isinstance(vectors, pd.DataFrame) else None
    try:
        values = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            "vectors must be numbers, as transform gives them; embed a table first."
        ) from None
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"vectors must have rows and columns, got shape {values.shape}.")
    index = pd.RangeIndex(len(values)) if index is None else index
    wrong = ~np.isfinite(values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"row {label_at(index, row)!r} of vectors has {values[row, column]} in component"
            f" {column}; leave such rows out."
        )
    return values, index
