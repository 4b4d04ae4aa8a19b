"""Where the categories of a variational autoencoder start: at clusters of its normal latents."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from entivec.table.guides import discriminant

MOST_ROWS = 10_000  # that a mixture is fitted to
RESTARTS = 5
MOST_DIMENSIONS = 32  # of a mixture; its cost grows with their square
FEWEST_ROWS_A_LEVEL = 2
# Added to the variances: latents that tell nothing of a row vary less, and make no clusters.
LEAST_VARIANCE = 1e-3
MOST_LOGIT = 50.0  # from its row's mean; of hundreds, Adam's first steps throw clusters together


def start_at_clusters(
    means: np.ndarray, features: np.ndarray, categories: Sequence[int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Affine map of the encoder's features to logits that tell clusters of its means apart.

    The clusters of a category are those of a Gaussian mixture of as many components, the most
    likely of several starts, and the map is their linear discriminant. A further category gets the
    clusters of what the former ones leave: the distance from their clusters' means. Of many
    latents the first principal components serve.

    Parameters
    ----------
    means : ndarray of shape (n, d)
    features : ndarray of shape (n, f)
    categories : sequence of int
        Levels of every category.
    seed : int

    Returns
    -------
    kernel : ndarray of shape (f, Σk), float32
    bias : ndarray of shape (Σk,), float32
    """
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    heads = []
    rest = means.astype(np.float64)
    if rest.shape[1] > MOST_DIMENSIONS:
        components = min(MOST_DIMENSIONS, len(rest))
        rest = PCA(components, random_state=seed).fit_transform(rest)
    for levels in categories:
        if len(means) < FEWEST_ROWS_A_LEVEL * levels:
            heads.append(np.zeros((features.shape[1] + 1, levels)))
            continue
        mixture = GaussianMixture(
            levels, n_init=RESTARTS, reg_covar=LEAST_VARIANCE, random_state=seed
        )
        # Hundreds of tiny solves leave threads waiting for each other, far longer than they work.
        with threadpool_limits(1), warnings.catch_warnings():
            # Clusters that are not settled yet are a start as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            clusters = mixture.fit_predict(rest)
            head = discriminant(features, clusters, levels)
        heads.append(_bounded(head, features))
        rest = rest - mixture.means_[clusters]
    start = np.hstack(heads).astype(np.float32)
    return np.ascontiguousarray(start[:-1]), np.ascontiguousarray(start[-1])


def _bounded(head: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Scale `head` down where its logits are steeper than MOST_LOGIT."""
    logits = features @ head[:-1] + head[-1]
    most = np.abs(logits - logits.mean(axis=1, keepdims=True)).max()
    return head * min(1.0, MOST_LOGIT / most) if most > 0 else head
