"""Training on a table that is read buffer by buffer: lanes side by side, averaged in their order.

A lane is a training of its own on a buffer of rows, from parameters and moments that all lanes of
a round share; after the round these are averaged in the order of the lanes (local SGD; Stich 2019).
So the numbers depend on the number of lanes, never on where lanes run or in which order they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from entivec import _core
from entivec.base.source import Kept, Piece, Source
from entivec.base.training import State
from entivec.rows.buffers import Buffers, Spans
from entivec.rows.network import Network
from entivec.rows.steps import row_trainer
from entivec.rows.task import RowOptions
from entivec.table import Blocks, TableEncoder
from entivec.table.compiled import core_layout, core_table
from entivec.table.guides import Guide


@dataclass(frozen=True)
class Columns:
    """Columns of a source as an estimator reads them: features, and those set apart as targets."""

    features: list[Any]
    targets: Any = None

    def split(self, frame: Any) -> tuple[Any, Any]:
        """Return the features and the targets of a frame."""
        return frame[self.features], None if self.targets is None else frame[self.targets]


@dataclass(frozen=True)
class Stream:
    """The rows of a large table that training reads.

    Attributes
    ----------
    source : Source
    columns : Columns
    table : TableEncoder
    guide : Guide or None
    buffers : Buffers
    held_out : ndarray of int64
        Sorted numbers of the rows that are not trained on.
    """

    source: Source
    columns: Columns
    table: TableEncoder
    guide: Guide | None
    buffers: Buffers
    held_out: np.ndarray

    @property
    def examples(self) -> int:
        """Rows of a round, which is what the history calls an epoch."""
        return self.buffers.most * self.source.lanes

    @cached_property
    def kept(self) -> Kept[Examples]:
        """The rows as a network reads them."""
        encode = Encode(self.table, self.columns, self.guide, self.held_out)
        return self.source.keep(encode, self.buffers.block)


class Examples(NamedTuple):
    """Rows that are trained on."""

    blocks: Blocks
    targets: Blocks | None


@dataclass(frozen=True)
class Encode:
    """Makes examples of the rows of a piece, but for those held out."""

    table: TableEncoder
    columns: Columns
    guide: Guide | None
    held_out: np.ndarray

    def __call__(self, piece: Piece) -> Examples:
        """Encode the rows of a piece."""
        kept = ~np.isin(piece.numbers, self.held_out)
        features, known = self.columns.split(piece.frame[kept])
        targets = None if self.guide is None else self.guide.encode(known)
        return Examples(self.table.transform(features), targets)


class Lane(NamedTuple):
    """What a lane needs beside its rows; it travels to where they are."""

    network: Network
    guide: Guide | None
    options: RowOptions
    schedule: dict[str, Any]
    state: State
    steps: int


class Trained(NamedTuple):
    """Where a lane ended."""

    state: tuple[np.ndarray, np.ndarray, np.ndarray, int]
    loss: float
    terms: np.ndarray
    learning_rate: float
    annealed: float


def train(lane: Lane, rows: Iterator[Examples]) -> Trained:
    """Train a lane on its rows."""
    examples = list(rows)
    blocks = stacked([own.blocks for own in examples])
    layout = lane.network.compiled[0]
    threads = min(lane.options.threads, _core.max_threads())  # of the process that it runs in
    schedule = {**lane.schedule, "threads": threads}
    compiled = _core.TrainingOptions(epochs_from=lane.state.step, **schedule)
    known = None
    if lane.guide is not None:
        targets = stacked([own.targets for own in examples if own.targets is not None])
        known = core_table(core_layout(lane.guide.layout, lane.guide.source_weight), targets)
    table, numbers = core_table(layout, blocks), np.arange(len(blocks.dense))
    trainer = row_trainer(
        lane.network, table, numbers, lane.state, lane.options, compiled, targets=known
    )
    loss = trainer.run(lane.steps)
    return Trained(trainer.state, loss, trainer.terms, trainer.learning_rate, trainer.annealed)


def stacked(parts: list[Blocks]) -> Blocks:
    """Put blocks of one layout one below the other."""
    dense = np.concatenate([part.dense for part in parts])
    codes = np.concatenate([part.codes for part in parts])
    return Blocks(dense, codes, sparse.vstack([part.bags for part in parts], format="csr"))


class StreamTrainer:
    """A trainer, as the loop of a training asks for one, whose examples come in buffers.

    Its steps are those of all lanes together.
    """

    def __init__(
        self,
        stream: Stream,
        network: Network,
        state: State,
        options: RowOptions,
        total_steps: int,
        anneal_steps: int,
    ) -> None:
        lanes = stream.source.lanes
        self._stream, self._network, self._options = stream, network, options
        self._state = State(**vars(state))
        self._first, self._total = state.step, -(-total_steps // lanes)
        self._schedule: dict[str, Any] = {
            "batch_size": options.batch_size,
            "first_step": state.step,
            "total_steps": self._total,
            "learning_rate": options.learning_rate,
            "schedule": options.schedule,
            "anneal_steps": -(-anneal_steps // lanes),
            "dropout": options.dropout,
            "matmul_precision": options.matmul_precision,
        }
        self._rounds = stream.buffers.rounds(lanes)
        self.learning_rate, self.annealed, self.terms = options.learning_rate, 0.0, np.zeros(0)
        if anneal_steps == 0:
            self.annealed = 1.0

    @property
    def step(self) -> int:
        """Steps made."""
        return self._state.step + (self._state.step - self._first) * (self._lanes - 1)

    @property
    def params(self) -> np.ndarray:
        """The parameters now."""
        return self._state.params

    @property
    def state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Parameters, moments and steps of a lane."""
        return self._state.as_tuple()

    @property
    def _lanes(self) -> int:
        return self._stream.source.lanes

    def run(self, steps: int) -> float:
        """Make so many steps, or what more the last round has, and return their mean loss."""
        begin, losses, terms, made = self.step, 0.0, 0.0, 0
        while self.step < begin + steps and self._state.step - self._first < self._total:
            before = self._state.step
            trained = self._round(next(self._rounds))
            count = self._state.step - before
            losses += count * float(np.mean([one.loss for one in trained]))
            terms = terms + count * np.mean([one.terms for one in trained], axis=0)
            made += count
        self.terms = np.asarray(terms / max(made, 1))
        return losses / max(made, 1)

    def _round(self, lanes: list[Spans]) -> list[Trained]:
        stream, size = self._stream, self._options.batch_size
        left = self._total - (self._state.step - self._first)
        steps = min(left, *(-(-self._rows(spans) // size) for spans in lanes))
        jobs = []
        for number, spans in enumerate(lanes):
            schedule = {**self._schedule, "seed": self._options.seed + number}
            own = Lane(self._network, stream.guide, self._options, schedule, self._state, steps)
            jobs.append((own, spans))
        trained = stream.kept.run(train, jobs)
        self._state = averaged([State(*one.state) for one in trained])
        self.learning_rate, self.annealed = trained[-1].learning_rate, trained[-1].annealed
        return trained

    def _rows(self, spans: Spans) -> int:
        places = [np.searchsorted(self._stream.held_out, span) for span in spans]
        held = sum(int(last - first) for first, last in places)
        return max(1, sum(last - first for first, last in spans) - held)


def averaged(states: list[State]) -> State:
    """The mean of parameters and moments, summed in double in the order of the lanes."""
    if len(states) == 1:
        return states[0]
    parts = zip(*(state.as_tuple()[:3] for state in states), strict=True)
    means = [_mean(list(part)) for part in parts]
    return State(means[0], means[1], means[2], states[0].step)


def _mean(arrays: list[np.ndarray]) -> np.ndarray:
    total = np.zeros(arrays[0].shape)
    for array in arrays:
        total += array
    return (total / len(arrays)).astype(np.float32)
