"""Weights of rows in losses and scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import _check_sample_weight

from entivec.table import Blocks, Layout

LEAST_OF_A_BAG, MOST_OF_A_BAG = 0.1, 4.0  # times what the median row holds


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


def weighed_by_bags(
    weights: np.ndarray | None, blocks: Blocks, layout: Layout
) -> np.ndarray | None:
    """Row weights times what the rows hold, where a bag outweighs all other columns.

    Shares of few counts are mostly chance, and large: without it such rows decide what is learnt.
    So every count weighs the same, in loss, PCA and scores, up to four times the median row's.
    """
    if layout.bag_weight <= len(layout.sources) - 1 or layout.bag_width < 2:
        return weights
    totals = np.asarray(blocks.bags.sum(axis=1, dtype=np.float64)).ravel()
    filled = totals[totals > 0]
    if not len(filled) or filled.min() == filled.max():
        return weights
    held = np.clip(totals / np.median(filled), LEAST_OF_A_BAG, MOST_OF_A_BAG)
    held = held if weights is None else held * weights
    return np.asarray(held / held.mean(), dtype=np.float32)
