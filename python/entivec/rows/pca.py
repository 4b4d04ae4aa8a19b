"""PCA as a fitted estimator: what stands beside every embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from entivec import _core
from entivec.rows.autoencoder import AutoEncoder
from entivec.rows.base import RowAutoEncoder
from entivec.rows.task import pca_network
from entivec.table.compiled import core_layout, core_table


def pca_beside(model: RowAutoEncoder, X: Any) -> AutoEncoder:
    """Return PCA of rows, as wide as a fitted model and over the same encoded columns.

    Parameters
    ----------
    model : fitted estimator over rows
    X : DataFrame or array-like of shape (n, columns)
        Rows that PCA is fitted to.

    Returns
    -------
    AutoEncoder
        Fitted, its network being PCA: to embed and to score with.
    """
    layout = model.table_.layout_
    blocks = model.table_.transform(X)
    compiled = core_layout(layout)
    width = min(model.network_.sizes.code, compiled.encoded)
    weights = np.ones(len(blocks.dense), dtype=np.float32)
    table, seed, threads = core_table(compiled, blocks), model._seed(), model._threads()
    pca = _core.fit_pca(compiled, table, weights, width, seed, threads)
    beside = AutoEncoder(width, n_jobs=model.n_jobs)
    beside.table_ = model.table_
    beside.network_ = pca_network(layout, model.network_.sizes, pca)
    beside.n_components_ = width
    return beside
