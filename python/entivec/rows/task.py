"""What stands before a training: options, rows held out, PCA, networks at their start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from entivec import _core
from entivec.base.training import Options
from entivec.rows.network import Network, Sizes
from entivec.table import Blocks, Layout
from entivec.table.compiled import core_layout, core_table
from entivec.table.guides import Guide, start_head

if TYPE_CHECKING:
    from entivec.rows.large import Large
    from entivec.rows.stream import Stream

MOST_HELD_OUT_ROWS = 2000
ENOUGH_HELD_OUT_ROWS = {True: 200, False: 10}  # to decide by, or to score alone
MOST_HELD_OUT_SHARE = 1 / 5  # where there are fewer
FEWEST_HELD_OUT_ROWS = 3
MOST_ROWS_OF_A_START = 20_000  # that the guides' head and the learnt widths start from
WIDTHS_AT_START = (0.1, 1.0)


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
    blocks, held_out : Blocks
        What `table` and `validation` are made of.
    guided : tuple of Guide and Blocks, or None
        The guides and their values in all rows of `table`.
    targets, validation_targets
        The values as the core reads them, for `table` and for `validation`; None without guides.
    why_width : str
        Why the code is as wide as it is.
    former : Sizes or None
        Of the network that training goes on from.
    large : Large or None
        The table on disk that `table` is a sample of.
    stream : Stream or None
        Its rows, where training reads them.
    """

    layout: Layout
    compiled: _core.Layout
    table: _core.Table
    rows: np.ndarray
    weights: np.ndarray | None
    validation: _core.Table
    validation_weights: np.ndarray | None
    blocks: Blocks
    held_out: Blocks
    guided: tuple[Guide, Blocks] | None = None
    targets: _core.Table | None = None
    validation_targets: _core.Table | None = None
    why_width: str = ""
    former: Sizes | None = None
    large: Large | None = None
    stream: Stream | None = None

    @property
    def held_out_share(self) -> float:
        """Share of the rows that are not trained on."""
        return 1 - len(self.rows) / self.table.rows

    def part(self, rows: np.ndarray, held_out: np.ndarray) -> Task:
        """The same with some rows trained on and others held out."""
        blocks, targets = self.blocks.rows(held_out), None
        if self.guided is not None:
            guide, values = self.guided
            of_targets = core_layout(guide.layout, guide.source_weight)
            targets = core_table(of_targets, values.rows(held_out))
        weights = None if self.weights is None else np.ascontiguousarray(self.weights[held_out])
        return replace(
            self,
            rows=rows,
            validation=core_table(self.compiled, blocks),
            validation_weights=weights,
            held_out=blocks,
            validation_targets=targets,
        )

    def with_every_row(self) -> Task:
        """The same with every row trained on."""
        return replace(self, rows=np.arange(self.table.rows))


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


def held_out_rows(rows: int, fraction: float, decide: bool) -> int:
    """How many rows are held out: a share, but enough to score or, more, to decide by."""
    if fraction == 0:
        return 0
    enough = min(ENOUGH_HELD_OUT_ROWS[decide], int(MOST_HELD_OUT_SHARE * rows))
    count = min(MOST_HELD_OUT_ROWS, max(round(fraction * rows), enough))
    return count if count >= FEWEST_HELD_OUT_ROWS else 0


def prepare(
    layout: Layout,
    blocks: Blocks,
    weights: np.ndarray | None,
    count: int,
    seed: int,
    guided: tuple[Guide, Blocks] | None = None,
) -> Task:
    """Split off `count` rows to hold out; of none, all rows serve for both."""
    n = len(blocks.dense)
    compiled = core_layout(layout)
    table = core_table(compiled, blocks)
    known = None
    if guided is not None:
        guide, values = guided
        known = core_table(core_layout(guide.layout, guide.source_weight), values)
    everything = np.arange(n)
    task = Task(
        layout,
        compiled,
        table,
        everything,
        weights,
        table,
        weights,
        blocks,
        blocks,
        guided,
        known,
        known,
    )
    order = np.random.default_rng(seed).permutation(n)
    held_out, rows = np.sort(order[:count]), np.sort(order[count:])
    weightless = weights is not None and not (
        weights[rows].sum() > 0 and weights[held_out].sum() > 0
    )
    return task if count == 0 or weightless else task.part(rows, held_out)


def fit_pca(task: Task, sizes: Sizes, options: RowOptions) -> _core.Pca:
    """Principal components of the training rows; of all of a table on disk."""
    if task.large is not None:
        width = min(sizes.code, task.compiled.encoded)
        return task.large.pca(task, width, options.seed)
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
    (guide, values), heads = task.guided or (None, None), 0
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
        heads = len(head)
    at_pca = options.init == "pca" and sizes.linear_path and sizes.capacity is None
    if sizes.variational and not sizes.bernoulli and at_pca:
        widths = start_widths(network.layout, sizes, task, pca, options)
        end = len(network.params) - heads
        network.params[end - len(widths) : end] = widths
    return network


def start_widths(
    layout: Layout, sizes: Sizes, task: Task, pca: _core.Pca, options: RowOptions
) -> np.ndarray:
    """Where the logarithms of the learnt widths of numbers start: at what PCA leaves of them.

    They would take thousands of steps to come down from one, and as long as a number is thought to
    be noise no latent takes the trouble to carry it.
    """
    blocks = task.blocks.rows(task.rows[:: -(-len(task.rows) // MOST_ROWS_OF_A_START)])
    linear = pca_network(layout, sizes, pca)
    predicted = linear.predict(linear.encode(blocks, options.threads), options.threads)
    error = np.square(predicted[:, : blocks.dense.shape[1]] - blocks.dense, dtype=np.float64)
    seen = np.maximum(np.isfinite(error).sum(axis=0), 1)
    width = np.sqrt(np.nansum(error, axis=0) / seen)
    return np.asarray(np.log(np.clip(width, *WIDTHS_AT_START)), dtype=np.float32)
