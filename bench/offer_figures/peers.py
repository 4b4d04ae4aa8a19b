"""Recommenders to measure against, each in a few lines of NumPy and SciPy.

All take a matrix of users and items, 1 where a user had an item, and return scores of all items.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

Scores = np.ndarray


def popularity(had: sparse.csr_matrix) -> Scores:
    """How many users had an item."""
    count = np.asarray(had.sum(axis=0)).ravel()
    return np.tile(count, (had.shape[0], 1))


def item_knn(had: sparse.csr_matrix, neighbours: int = 100) -> Scores:
    """Cosines of items by the users that had them, of the nearest, summed over a user's items."""
    norm = np.sqrt(np.maximum(np.asarray(had.multiply(had).sum(axis=0)).ravel(), 1))
    scaled = had @ sparse.diags(1 / norm)
    cosines = np.asarray((scaled.T @ scaled).todense())
    np.fill_diagonal(cosines, 0)
    if neighbours < len(cosines):
        least = np.partition(cosines, -neighbours, axis=1)[:, [-neighbours]]
        cosines[cosines < least] = 0
    return np.asarray(had @ cosines.T)


def ease(had: sparse.csr_matrix, penalty: float = 500.0) -> Scores:
    """EASE (Steck 2019): linear regression of every item on all others, in closed form."""
    gram = np.asarray((had.T @ had).todense(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(had @ weights)


def als(
    had: sparse.csr_matrix,
    width: int = 64,
    alpha: float = 10.0,
    penalty: float = 30.0,
    sweeps: int = 10,
) -> Scores:
    """Implicit matrix factorisation by alternating least squares (Hu, Koren & Volinsky 2008)."""
    rng = np.random.default_rng(0)
    users = np.zeros((had.shape[0], width))
    items = rng.normal(0, 0.1, (had.shape[1], width))
    back = had.T.tocsr()
    for _ in range(sweeps):
        _solve(had, users, items, alpha, penalty)
        _solve(back, items, users, alpha, penalty)
    return users @ items.T


def _solve(
    had: sparse.csr_matrix, own: np.ndarray, other: np.ndarray, alpha: float, penalty: float
) -> None:
    shared = other.T @ other + penalty * np.eye(other.shape[1])
    for row in range(len(own)):
        known = other[had.indices[had.indptr[row] : had.indptr[row + 1]]]
        left = shared + alpha * known.T @ known
        own[row] = np.linalg.solve(left, (1 + alpha) * known.sum(axis=0))


PEERS: dict[str, Callable[[sparse.csr_matrix], Scores]] = {
    "popularity": popularity,
    "ItemKNN": item_knn,
    "ALS": als,
    "EASE": ease,
}
