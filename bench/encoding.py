"""The table as plain features, PCA of them, and the criteria that models are compared by.

PCA is measured twice. "explicit" is scikit-learn's on the recipe's explicit encoding: scaled
numbers (missing at the mean) beside one-hot levels, missing a level of its own. "core" is ours,
which spends nothing on missing levels. Both are scored over the same cells as the autoencoder: the
observed ones, squared errors pooled over scaled numbers and one-hot levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from entivec import _core
from entivec.rows.network import Network
from entivec.table import Blocks, TableEncoder
from entivec.table.compiled import core_table


class Squares(NamedTuple):
    """Squared error and squared deviation from the training mean, by source column."""

    error: np.ndarray  # (sources,)
    deviation: np.ndarray  # (sources,)

    def explained_variance(self) -> float:
        """Pooled over all cells."""
        return float(1 - self.error.sum() / self.deviation.sum())

    def by_column(self) -> np.ndarray:
        """Explained variance of each source column; NaN where nothing varies.

        Not below 0: a column that is met worse than by its mean is lost, and one rare flag without
        a case among the test rows must not outweigh all the others.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                self.deviation > 0, np.maximum(0, 1 - self.error / self.deviation), np.nan
            )

    def column_score(self) -> float:
        """Mean over source columns of their explained variance."""
        return float(np.nanmean(self.by_column()))

    def numeric_r2(self, numeric: np.ndarray) -> float:
        """Return the same over the columns of numbers and dates, NaN where there are none."""
        return float(np.nanmean(self.by_column()[numeric])) if len(numeric) else float("nan")


def numeric_sources(encoder: TableEncoder) -> np.ndarray:
    """Return the positions of the source columns that are numbers or dates."""
    return np.unique(encoder.layout_.dense_source)


def network_squares(network: Network, blocks: Blocks) -> Squares:
    """Score a network over the observed cells."""
    _, error, deviation = network.compiled[1].score(
        network.params,
        network.table(blocks),
        None,
        network.mean,
        network.linear_heads,
        _core.max_threads(),
    )
    return Squares(np.asarray(error), np.asarray(deviation))


def core_pca(like: Network, blocks: Blocks) -> Network:
    """Return our own PCA of all training rows, of the width of `like`."""
    layout, _ = like.compiled
    table = core_table(layout, blocks)
    pca = _core.fit_pca(layout, table, None, like.sizes.code, 0, _core.max_threads())
    network = Network(
        like.layout, like.sizes.linear(), np.empty(0, np.float32), pca.mean, linear_heads=True
    )
    _, model = network.compiled
    network.params = model.start_at_pca(pca, True, model.initialise(0))
    return network


@dataclass
class Explicit:
    """Blocks as one dense matrix: numbers, then the one-hot levels seen in training."""

    encoder: TableEncoder
    levels: list[np.ndarray]  # by categorical column

    @classmethod
    def fit(cls, encoder: TableEncoder, blocks: Blocks) -> Explicit:
        """Keep the levels that the training rows hold, missing included."""
        return cls(encoder, [np.unique(column) for column in blocks.codes.T])

    def features(self, blocks: Blocks) -> np.ndarray:
        """Return the matrix (n, p), float64."""
        hot = [blocks.codes[:, [j]] == kept[np.newaxis, :] for j, kept in enumerate(self.levels)]
        return np.concatenate([np.nan_to_num(blocks.dense), *hot], axis=1, dtype=np.float64)

    def squares(self, blocks: Blocks, predicted: np.ndarray, deviation: np.ndarray) -> Squares:
        """Score predictions of `features` over the observed cells."""
        layout = self.encoder.layout_
        error = np.zeros(len(layout.sources))
        width = blocks.dense.shape[1]
        residual = np.square(np.nan_to_num(blocks.dense) - predicted[:, :width])
        np.add.at(
            error, layout.dense_source, np.where(np.isnan(blocks.dense), 0, residual).sum(axis=0)
        )
        at = width
        for j, kept in enumerate(self.levels):
            first = layout.first_target[j]
            own = np.square((blocks.codes[:, [j]] == kept) - predicted[:, at : at + len(kept)])
            observed = blocks.codes[:, j] >= first
            error[layout.code_source[j]] += own[observed][:, kept >= first].sum()
            at += len(kept)
        return Squares(error, deviation)


def whitened_pca(features: np.ndarray, width: int) -> PCA:
    """Return scikit-learn's PCA with codes of unit variance, as the recipe starts from."""
    return PCA(min(width, *features.shape), whiten=True, svd_solver="full").fit(features)
