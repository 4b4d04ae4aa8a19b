"""The first places of a ranking."""

from __future__ import annotations

import numpy as np


def top_places(scores: np.ndarray, n: int) -> np.ndarray:
    """Positions of the `n` greatest of every row, the greatest first, equal ones as they stand.

    Parameters
    ----------
    scores : ndarray of shape (rows, columns)
        Without NaN.
    n : int
        At least 1; of fewer columns all are returned.

    Returns
    -------
    ndarray of shape (rows, min(n, columns)), int64

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.base.top import top_places
    >>> top_places(np.array([[1.0, 3.0, 2.0, 3.0]]), 3).tolist()
    [[1, 3, 2]]
    """
    n = min(n, scores.shape[1])
    order = np.empty((len(scores), n), dtype=np.int64)
    if n == 0:
        return order
    least = np.partition(scores, -n, axis=1)[:, -n]
    for row, (own, low) in enumerate(zip(scores, least, strict=True)):
        near = np.flatnonzero(own >= low)
        order[row] = near[np.argsort(-own[near], kind="stable")[:n]]
    return order
