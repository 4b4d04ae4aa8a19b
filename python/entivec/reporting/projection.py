"""The plane that the rows are drawn in."""

from __future__ import annotations

import warnings

import numpy as np

METHODS = ("pca", "tsne", "umap")
ASPECT = 1.4  # width of the map by its height
STEPS = 2**16 - 1  # of the whole numbers that coordinates are


def project(codes: np.ndarray, method: str, seed: int) -> tuple[np.ndarray, str]:
    """Return the rows in the plane, (n, 2), and how, in words.

    Raises
    ------
    ImportError
        If "umap" is asked for and umap-learn is not installed.
    """
    n, d = codes.shape
    if d < 2 or n < 4:
        return np.column_stack([codes[:, 0], np.zeros(n)]), "the one component there is"
    if method == "tsne":
        return _tsne(codes, seed), f"t-SNE of the embedding (seed {seed})"
    if method == "umap":
        return _umap(codes, seed), f"UMAP of the embedding (seed {seed})"
    centred = codes - codes.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    share = variances[-2:].sum() / max(variances.sum(), np.finfo(float).tiny)
    plane = centred @ directions[:, [-1, -2]]
    plane *= np.where(
        np.abs(plane.min(axis=0)) > plane.max(axis=0), -1, 1
    )  # long tails right and up
    told = f"the two principal components of the embedding, which hold {share:.0%} of its variance"
    return plane, told


def _tsne(codes: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(codes) - 1) / 3)
    return np.asarray(
        TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(codes)
    )


def _umap(codes: np.ndarray, seed: int) -> np.ndarray:
    try:
        import umap
    except ImportError as error:
        raise ImportError('projection="umap" needs umap-learn; pip install umap-learn') from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed costs it its threads
        return np.asarray(umap.UMAP(random_state=seed).fit_transform(codes))


def quantised(plane: np.ndarray) -> np.ndarray:
    """Return coordinates as whole numbers, both axes on one scale, the middle 99.8 % in sight."""
    low, high = np.quantile(plane, [0.001, 0.999], axis=0)
    shape = np.array([ASPECT, 1.0])
    extent = 1.06 * max(float(((high - low) / shape).max()), 1e-30)
    share = np.clip((plane - (low + high) / 2) / (extent * shape) + 0.5, 0, 1)
    return np.asarray(np.rint(share * STEPS), dtype=np.uint16)
