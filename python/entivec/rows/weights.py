"""Weights of rows in losses and scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight


def row_weights(sample_weight: npt.ArrayLike | None, rows: int) -> np.ndarray | None:
    """Row weights with mean one, float32, or None.

    Raises
    ------
    ValueError
        If there is not one weight a row, or none is above zero, or one below.
    """
    if sample_weight is None:
        return None
    weights = _check_sample_weight(
        sample_weight, np.empty((rows, 1)), dtype=np.float64, ensure_non_negative=True
    )
    if not weights.sum() > 0:
        raise ValueError("sample_weight is zero for every row; give at least one row weight.")
    return np.asarray(weights / weights.mean(), dtype=np.float32)
