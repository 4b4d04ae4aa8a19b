"""Scores of matrices of latents by factors: how far each row or column is of one entry only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def dci(importance: npt.ArrayLike) -> pd.Series[float]:
    """Disentanglement and completeness of an importance matrix (Eastwood & Williams 2018).

    Disentanglement of a latent is 1 - H / ln k, with H the entropy of how its importance is shared
    among the k factors; latents are weighted by their importance. Completeness of a factor is
    1 - H / ln d over the d latents, weighted likewise.

    Parameters
    ----------
    importance : array-like of shape (d, k)
        Importance of latent i for factor j, not negative.

    Returns
    -------
    Series of length 2
        ``disentanglement`` (NaN where k = 1) and ``completeness`` (NaN where d = 1); 0 where
        nothing has importance.

    Raises
    ------
    ValueError
        If `importance` is not a matrix of finite numbers of at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec import evaluate
    >>> evaluate.dci(np.vstack([np.eye(5), np.eye(5)])).round(4).to_dict()
    {'disentanglement': 1.0, 'completeness': 0.699}
    """
    matrix = np.asarray(importance, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size or not (np.isfinite(matrix) & (matrix >= 0)).all():
        raise ValueError(
            "importance must be a matrix (latents, factors) of finite numbers of at least 0,"
            f" got {importance!r}."
        )
    return pd.Series(
        {"disentanglement": _concentration(matrix), "completeness": _concentration(matrix.T)},
        name="score",
    )


def _concentration(matrix: np.ndarray) -> float:
    """Mean over rows, by their sums, of 1 - the entropy of a row relative to its largest."""
    from scipy.special import entr

    weight = matrix.sum(axis=1)
    if matrix.shape[1] == 1:
        return float("nan")
    if not weight.any():
        return 0.0
    known = weight > 0
    share = matrix[known] / weight[known, None]
    apart = 1 - entr(share).sum(axis=1) / np.log(matrix.shape[1])
    return float(np.average(apart, weights=weight[known]))


def gap(matrix: np.ndarray) -> np.ndarray:
    """By how much the largest entry of every column exceeds the second, or 0, shape (k,)."""
    ascending = np.sort(np.vstack([matrix, np.zeros(matrix.shape[1])]), axis=0)
    difference: np.ndarray = ascending[-1] - ascending[-2]
    return difference


def modularity(mutual_information: np.ndarray) -> float:
    """Mean over latents of 1 - the squared information with all factors but the best."""
    squares = np.square(mutual_information)
    best = squares.max(axis=1)
    if squares.shape[1] == 1:
        return float("nan")
    known = best > 0
    others = (squares[known].sum(axis=1) - best[known]) / (best[known] * (squares.shape[1] - 1))
    return float((1 - others).sum() / len(squares))


def majority_accuracy(train: np.ndarray, test: np.ndarray) -> float:
    """Share of the votes `test` (d, k) met by each latent's most frequent factor in `train`."""
    if train.shape[1] == 1:
        return float("nan")
    if not test.any():
        return 0.0
    factor = train.argmax(axis=1)
    return float(test[np.arange(len(test)), factor].sum() / test.sum())
