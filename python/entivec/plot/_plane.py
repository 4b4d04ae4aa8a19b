"""Rows of an embedding in the plane: by principal components, t-SNE or UMAP."""

from __future__ import annotations

import numpy as np

METHODS = ("pca", "tsne", "umap")


def principal_plane(
    values: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two principal components, (n, 2), and their shares of the variance."""
    centred = values - values.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    share = variances[[-1, -2]] / max(variances.sum(), np.finfo(float).tiny)
    return centred @ directions[:, [-1, -2]], share


def neighbour_map(values: np.ndarray, method: str, seed: int, parameter: str) -> np.ndarray:
    """Return points (n, 2) that keep neighbourhoods, by "tsne" or "umap".

    Raises
    ------
    ImportError
        If umap-learn is asked for, by the caller's `parameter`, and not installed.
    """
    if method == "tsne":
        from sklearn.manifold import TSNE

        near = min(30.0, (len(values) - 1) / 3)
        found = TSNE(perplexity=near, init="pca", random_state=seed).fit_transform(values)
    else:
        try:
            from umap import UMAP
        except ImportError as error:
            raise ImportError(
                f'{parameter}="umap" needs umap-learn; pip install umap-learn'
            ) from error
        found = UMAP(random_state=seed, n_jobs=1).fit_transform(values)
    return np.asarray(found)
