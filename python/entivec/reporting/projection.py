"""The plane that the rows are drawn in."""

from __future__ import annotations

import warnings

import numpy as np

from entivec.plot._plane import neighbour_map, principal_plane

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
    if method != "pca":
        name = {"tsne": "t-SNE", "umap": "UMAP"}[method]
        with warnings.catch_warnings():
            if method == "umap":
                warnings.simplefilter("ignore")  # that a seed costs it its threads
            plane = neighbour_map(codes, method, seed, "projection")
        return plane, f"{name} of the embedding (seed {seed})"
    plane, shares = principal_plane(codes)
    share = shares.sum()
    plane *= np.where(
        np.abs(plane.min(axis=0)) > plane.max(axis=0), -1, 1
    )  # long tails right and up
    told = f"the two principal components of the embedding, which hold {share:.0%} of its variance"
    return plane, told


def quantised(plane: np.ndarray) -> np.ndarray:
    """Return coordinates as whole numbers, both axes on one scale, the middle 99.8 % in sight."""
    low, high = np.quantile(plane, [0.001, 0.999], axis=0)
    shape = np.array([ASPECT, 1.0])
    extent = 1.06 * max(float(((high - low) / shape).max()), 1e-30)
    share = np.clip((plane - (low + high) / 2) / (extent * shape) + 0.5, 0, 1)
    return np.asarray(np.rint(share * STEPS), dtype=np.uint16)
