"""What stands before a training: options, rows held out, PCA, networks at their start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from entivec import _core
from entivec.rows.network import Network, Sizes, core_layout, core_table
from entivec.table import Blocks, Layout

MOST_HELD_OUT_ROWS = 2000
FEWEST_HELD_OUT_ROWS = 10


@dataclass(frozen=True)
class Options:
    """How to train; the names are those of the estimators' parameters."""

    init: str
    noise: str | None
    noise_level: float
    unknown_rate: float
    dropout: float
    learning_rate: float
    schedule: str
    batch_size: int
    max_steps: int | None
    max_epochs: int | None
    early_stopping: bool
    patience: int
    seed: int
    threads: int
    verbose: bool


@dataclass
class Task:
    """A table ready for training.

    Attributes
    ----------
    rows : ndarray of shape (n_train,), int64
        Training rows of the table.
    weights : ndarray of shape (n,), float32, or None
        Row weights with mean one.
    validation, validation_weights
        Rows that are only scored, or the whole table where it is too small to spare any.
    """

    layout: Layout
    compiled: _core.Layout
    table: _core.Table
    rows: np.ndarray
    weights: np.ndarray | None
    validation: _core.Table
    validation_weights: np.ndarray | None


def prepare(
    layout: Layout, blocks: Blocks, weights: np.ndarray | None, fraction: float, seed: int
) -> Task:
    """Split off held-out rows; of a table too small to spare ten, all rows serve for both.

    Raises
    ------
    ValueError
        If every column is constant, so that there is nothing to embed.
    """
    n = len(blocks.dense)
    if not layout.sources:
        raise ValueError(
            f"Every column of X is constant over its n_samples={n} row(s), so there is nothing to"
            " embed. Pass rows that differ."
        )
    compiled = core_layout(layout)
    table = core_table(compiled, blocks)
    count = min(MOST_HELD_OUT_ROWS, round(fraction * n))
    order = np.random.default_rng(seed).permutation(n)
    if count < FEWEST_HELD_OUT_ROWS:
        return Task(layout, compiled, table, np.sort(order), weights, table, weights)
    held_out, rows = np.sort(order[:count]), np.sort(order[count:])
    if weights is not None and not (weights[rows].sum() > 0 and weights[held_out].sum() > 0):
        return Task(layout, compiled, table, np.sort(order), weights, table, weights)
    part = Blocks(blocks.dense[held_out], blocks.codes[held_out], blocks.bags[held_out])
    own = None if weights is None else np.ascontiguousarray(weights[held_out])
    return Task(layout, compiled, table, rows, weights, core_table(compiled, part), own)


def fit_pca(task: Task, sizes: Sizes, options: Options) -> _core.Pca:
    """Principal components of the training rows."""
    weights = np.zeros(task.table.rows, dtype=np.float32)
    weights[task.rows] = 1.0 if task.weights is None else task.weights[task.rows]
    return _core.fit_pca(
        task.compiled, task.table, weights, sizes.code, options.seed, options.threads
    )


def pca_network(layout: Layout, sizes: Sizes, pca: _core.Pca) -> Network:
    """PCA itself as a network without hidden layers."""
    network = Network(layout, sizes.linear(), np.empty(0, np.float32), pca.mean, linear_heads=True)
    _, model = network.compiled
    network.params = model.start_at_pca(pca, True, model.initialise(0))
    return network


def new_network(layout: Layout, sizes: Sizes, pca: _core.Pca, options: Options) -> Network:
    """A network at its start: hidden layers random, linear paths at PCA where asked for."""
    network = Network(layout, sizes, np.empty(0, np.float32), pca.mean)
    _, model = network.compiled
    network.params = model.initialise(options.seed)
    if options.init == "pca" and (sizes.linear_path or not sizes.hidden):
        network.params = model.start_at_pca(pca, False, network.params)
    return network
