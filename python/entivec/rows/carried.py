"""What a table has for latents to carry, by PCA of it: levels, nats, and what a nat is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from entivec import _core
from entivec.rows.task import Task
from entivec.rows.width import encoded, kept_by_column
from entivec.table import Blocks
from entivec.table.compiled import core_table

MOST_ROWS = 1000
MOST_LEVELS = 10
MOST_COMPONENTS = 8  # that groups of rows are looked for in
NOISE = 0.1  # variance, of a standardised column, below which a component is noise
LEAST_CAPACITY = 1.0
NEAR_THE_BEST = 0.9
LEAST_GAMMA = 3.0
ABOVE_WORTH = 1.2


class Spectrum(NamedTuple):
    """Principal components of some rows."""

    pca: _core.Pca
    blocks: Blocks
    task: Task


def spectrum(task: Task, width: int, seed: int) -> Spectrum:
    """Fit principal components to training rows thinned to `MOST_ROWS`."""
    blocks = task.blocks.rows(task.rows[:: -(-len(task.rows) // MOST_ROWS)])
    table = core_table(task.compiled, blocks)
    width = min(width, task.compiled.encoded)
    return Spectrum(_core.fit_pca(task.compiled, table, None, width, seed, 1), blocks, task)


def groups(of: Spectrum, seed: int) -> int:
    """Number of groups of rows that stand apart, from 2 to 10.

    The fewest k-means clusters of PCA's scores, scaled to unit variance, whose mean silhouette
    (Rousseeuw 1987) comes near the greatest: more of them cut groups that are one.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    centred, _, _ = encoded(of.task.layout, of.blocks, of.pca.mean)
    codes = centred @ of.pca.components[:MOST_COMPONENTS].T
    codes /= np.maximum(codes.std(axis=0), 1e-12)
    distinct = len(np.unique(codes.round(6), axis=0))
    silhouettes = {}
    for levels in range(2, min(MOST_LEVELS, distinct - 1) + 1):
        clusters = KMeans(levels, n_init=4, random_state=seed).fit_predict(codes)
        silhouettes[levels] = silhouette_score(codes, clusters)
    enough = NEAR_THE_BEST * max(silhouettes.values(), default=0.0)
    return min((levels for levels, own in silhouettes.items() if own >= enough), default=2)


def capacity(of: Spectrum, categories: Sequence[int]) -> float:
    """Nats of the components above the noise, less those that the categories carry."""
    variances = np.square(of.pca.singular_values)
    nats = 0.5 * np.log(np.maximum(variances / NOISE, 1.0)).sum()
    return max(LEAST_CAPACITY, float(nats - np.log(categories).sum()))


def gamma(of: Spectrum) -> float:
    """A weight just above what a nat is worth: as many nats as columns tell the same.

    Those are the columns that a principal component explains, each by the share explained.
    """
    kept = np.nan_to_num(kept_by_column(of.pca, of.task.layout, of.blocks))
    shared = np.diff(kept, axis=0, prepend=0).sum(axis=1)
    return max(LEAST_GAMMA, ABOVE_WORTH * float(shared.max()))
