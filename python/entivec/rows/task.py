"""What stands before a training: options, rows held out, PCA, networks at their start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from entivec import _core
from entivec.base.training import Options
from entivec.rows.network import Network, Sizes, core_layout, core_table
from entivec.table import Blocks, Layout
from entivec.table.guides import Guide, start_head

MOST_HELD_OUT_ROWS = 2000
FEWEST_HELD_OUT_ROWS = 10
MOST_ROWS_OF_A_START = 20_000  # that the guides' head starts from


@dataclass(frozen=True, kw_only=True)
class RowOptions(Options):
    """How to train on rows; the names are those of the estimators' parameters."""

    init: str
    noise: str | None
    noise_level: float
    unknown_rate: float
    dropout: float
    matmul_precision: str


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
    dense : ndarray of shape (n, c), float32
        The numbers of `table`.
    guided : tuple of Guide and Blocks, or None
        The guides and their values in all rows of `table`.
    targets, validation_targets
        The values as the core reads them, for `table` and for `validation`; None without guides.
    """

    layout: Layout
    compiled: _core.Layout
    table: _core.Table
    rows: np.ndarray
    weights: np.ndarray | None
    validation: _core.Table
    validation_weights: np.ndarray | None
    dense: np.ndarray
    guided: tuple[Guide, Blocks] | None = None
    targets: _core.Table | None = None
    validation_targets: _core.Table | None = None


def check_probabilities(layout: Layout, blocks: Blocks, setting: str, otherwise: str) -> None:
    """Raise where a number is not in [0, 1]; `setting` reads them as probabilities."""
    with np.errstate(invalid="ignore"):
        outside = (blocks.dense < 0) | (blocks.dense > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        name = layout.sources[layout.dense_source[column]]
        raise ValueError(
            f"{setting} reads numbers as probabilities, but column {name!r} has"
            f" {blocks.dense[row, column]:g} after scaling. Bring the numbers to [0, 1] and pass"
            f" table=TableEncoder(scale='none'), or use {otherwise}."
        )


def prepare(
    layout: Layout,
    blocks: Blocks,
    weights: np.ndarray | None,
    fraction: float,
    seed: int,
    guided: tuple[Guide, Blocks] | None = None,
) -> Task:
    """Split off held-out rows; of a table too small to spare ten, all rows serve for both."""
    n = len(blocks.dense)
    compiled = core_layout(layout)
    table = core_table(compiled, blocks)
    known, part_of_known = None, None
    count = min(MOST_HELD_OUT_ROWS, round(fraction * n))
    order = np.random.default_rng(seed).permutation(n)
    held_out, rows = np.sort(order[:count]), np.sort(order[count:])
    weightless = weights is not None and not (
        weights[rows].sum() > 0 and weights[held_out].sum() > 0
    )
    if guided is not None:
        guide, values = guided
        targets_of = core_layout(guide.layout, guide.source_weight)
        known = core_table(targets_of, values)
        part_of_known = core_table(targets_of, values.rows(held_out))
    if count < FEWEST_HELD_OUT_ROWS or weightless:
        everything = np.sort(order)
        held_out_part, own, part_of_known, rows = table, weights, known, everything
    else:
        own = None if weights is None else np.ascontiguousarray(weights[held_out])
        held_out_part = core_table(compiled, blocks.rows(held_out))
    return Task(
        layout,
        compiled,
        table,
        rows,
        weights,
        held_out_part,
        own,
        blocks.dense,
        guided,
        known,
        part_of_known,
    )


def fit_pca(task: Task, sizes: Sizes, options: RowOptions) -> _core.Pca:
    """Principal components of the training rows."""
    weights = np.zeros(task.table.rows, dtype=np.float32)
    weights[task.rows] = 1.0 if task.weights is None else task.weights[task.rows]
    width = min(sizes.code, task.compiled.encoded)  # a contractive code may be wider
    return _core.fit_pca(task.compiled, task.table, weights, width, options.seed, options.threads)


def pca_network(layout: Layout, sizes: Sizes, pca: _core.Pca) -> Network:
    """PCA itself as a network without hidden layers."""
    shape = replace(sizes.linear(), code=len(pca.components))
    network = Network(layout, shape, np.empty(0, np.float32), pca.mean, linear_heads=True)
    _, model = network.compiled
    network.params = model.start_at_pca(pca, True, model.initialise(0))
    return network


def new_network(task: Task, sizes: Sizes, pca: _core.Pca, options: RowOptions) -> Network:
    """A network at its start: hidden layers random, linear paths at PCA where asked for."""
    guide, values = task.guided or (None, None)
    network = Network(task.layout, sizes, np.empty(0, np.float32), pca.mean, guide=guide)
    _, model = network.compiled
    network.params = model.initialise(options.seed)
    if options.init == "pca" and model.has_linear_path:
        network.params = model.start_at_pca(pca, False, network.params)
    if guide is not None and values is not None:
        codes = model.encode(network.params, task.table, options.threads)
        rows = task.rows[:: -(-len(task.rows) // MOST_ROWS_OF_A_START)]
        head = start_head(codes[rows], values.rows(rows), guide.layout)
        network.params[-len(head) :] = head
    return network
