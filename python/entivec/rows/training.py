"""One training: from blocks to a network, with its history."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from entivec import _core
from entivec.rows.network import Network, Sizes, core_layout, core_table
from entivec.table import Blocks, Layout

MOST_HELD_OUT_ROWS = 2000
FEWEST_HELD_OUT_ROWS = 10
SWAP_NOISE_SPAN = 0.7  # share of the training after which swap noise has faded
SECONDS_BETWEEN_CHECKS = 0.1  # how long the core runs before Ctrl-C and the progress bar are served


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
    validation_fraction: float
    patience: int
    seed: int
    threads: int
    verbose: bool


@dataclass
class State:
    """What the optimiser needs to go on where it stopped."""

    params: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int = 0

    @classmethod
    def start(cls, params: np.ndarray) -> State:
        """A fresh start from `params`."""
        return cls(params, np.zeros_like(params), np.zeros_like(params))

    def as_tuple(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """As the compiled trainer takes it."""
        return self.params, self.first_moment, self.second_moment, self.step


@dataclass
class Task:
    """A table ready for training.

    Attributes
    ----------
    rows : ndarray of shape (n_train,), int64
        Training rows of the table.
    held_out : Blocks or None
        Rows that are only scored; None where the table is too small to spare any.
    weights : ndarray of shape (n,), float32, or None
        Row weights with mean one over the training rows.
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


@dataclass
class Training:
    """The loop around the compiled trainer: history, best weights, early stopping, interruption."""

    network: Network
    task: Task
    options: Options
    state: State
    records: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    def run(self) -> None:
        """Train `network`, leaving its parameters and `state` at the result.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; `network` then still has the parameters it came with.
        """
        trainer = self._trainer()
        first = trainer.step
        total = self.total_steps(trainer.steps_per_epoch)
        best_loss, best_params, waited = np.inf, None, 0
        started = time.perf_counter()
        try:
            for train_loss in self._epochs(trainer, total):
                record = self._record(trainer, train_loss, time.perf_counter() - started)
                self.records.append(record)
                if record["validation_loss"] < best_loss:
                    best_loss, best_params, waited = record["validation_loss"], trainer.params, 0
                else:
                    waited += 1
                if self.options.early_stopping and waited >= self.options.patience:
                    break
        except KeyboardInterrupt:
            self.interrupted = True
        params, first_moment, second_moment, step = trainer.state
        if (self.interrupted or self.options.early_stopping) and best_params is not None:
            params = best_params
        self.network.params = params
        self.state = State(params, first_moment, second_moment, step)
        if self.interrupted:
            warnings.warn(
                f"Training was interrupted after {step - first} of {total} steps; the best weights"
                " so far are kept.",
                UserWarning,
                stacklevel=4,
            )

    def total_steps(self, steps_per_epoch: int) -> int:
        """Steps allowed by max_steps and max_epochs together."""
        limits = []
        if self.options.max_steps is not None:
            limits.append(self.options.max_steps)
        if self.options.max_epochs is not None:
            limits.append(self.options.max_epochs * steps_per_epoch)
        return min(limits)

    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        return pd.DataFrame(
            self.records,
            columns=["step", "epoch", "train_loss", "validation_loss", "learning_rate", "seconds"],
        )

    def _trainer(self) -> _core.Trainer:
        options, task = self.options, self.task
        model = self.network.compiled[1]
        batch = min(options.batch_size, len(task.rows))
        steps = self.total_steps(-(-len(task.rows) // batch))
        return _core.Trainer(
            model,
            task.table,
            task.rows,
            task.weights,
            self.state.as_tuple(),
            first_step=self.state.step,
            batch_size=options.batch_size,
            total_steps=steps,
            learning_rate=options.learning_rate,
            schedule=options.schedule,
            noise=options.noise,
            noise_level=options.noise_level,
            noise_span=SWAP_NOISE_SPAN if options.noise == "swap" else 0.0,
            unknown_rate=options.unknown_rate,
            dropout=options.dropout,
            seed=options.seed,
            threads=options.threads,
        )

    def _epochs(self, trainer: _core.Trainer, total: int) -> Iterator[float]:
        """Yield the mean training loss of each epoch, the last one perhaps cut short."""
        end = trainer.step + total
        per_epoch = trainer.steps_per_epoch
        chunk = 1
        with _progress(total, self.options.verbose) as bar:
            while trainer.step < end:
                stop = min(end, trainer.step + per_epoch)
                begin, summed = trainer.step, 0.0
                while trainer.step < stop:
                    steps = min(chunk, stop - trainer.step)
                    clock = time.perf_counter()
                    loss = trainer.run(steps)
                    took = time.perf_counter() - clock
                    _check_finite(loss, trainer.step, self.options.learning_rate)
                    summed += loss * steps
                    chunk = max(1, min(2 * chunk, int(steps * SECONDS_BETWEEN_CHECKS / max(took, 1e-9))))
                    if bar is not None:
                        rate = steps * min(self.options.batch_size, len(self.task.rows)) / max(took, 1e-9)
                        bar.set_postfix_str(f"loss {loss:.4f}, {rate:,.0f} rows/s", refresh=False)
                        bar.update(steps)
                yield summed / (stop - begin)

    def _record(self, trainer: _core.Trainer, train_loss: float, seconds: float) -> dict[str, Any]:
        current = Network(
            self.network.layout, self.network.sizes, trainer.params, self.network.mean
        )
        current._compiled = self.network._compiled
        loss, _ = current.score(
            self.task.validation, self.task.validation_weights, self.options.threads
        )
        _check_finite(loss, trainer.step, self.options.learning_rate)
        return {
            "step": trainer.step,
            "epoch": len(self.records) + 1,
            "train_loss": train_loss,
            "validation_loss": loss,
            "learning_rate": trainer.learning_rate,
            "seconds": seconds,
        }


def _check_finite(loss: float, step: int, learning_rate: float) -> None:
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"The loss became {loss} at step {step}: training diverged. Lower learning_rate (now"
            f" {learning_rate:g}) by a factor of ten, or scale the table (scale='robust') where"
            " scale='none' lets large values in. The former fit, if any, is unchanged."
        )


@contextmanager
def _progress(total: int, verbose: bool) -> Iterator[Any]:
    """A tqdm bar, imported only when it is shown."""
    if not verbose:
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="step", desc="entivec") as bar:
        yield bar
