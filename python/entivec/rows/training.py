"""The loop around the compiled trainer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from entivec import _core
from entivec.rows.latents import latent_record
from entivec.rows.network import Network
from entivec.rows.task import Options, Task

SWAP_NOISE_SPAN = 0.7  # share of the training after which swap noise has faded
SECONDS_BETWEEN_CHECKS = 0.1  # how long the core runs before Ctrl-C and the progress bar are served
HISTORY = ["step", "epoch", "train_loss", "validation_loss", "learning_rate", "seconds"]


@dataclass
class State:
    """What the optimiser needs to go on where it stopped, and the steps before it started."""

    params: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int = 0
    before: int = 0

    @classmethod
    def start(cls, params: np.ndarray, before: int = 0) -> State:
        """A fresh start from `params`."""
        return cls(params, np.zeros_like(params), np.zeros_like(params), before=before)

    def as_tuple(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """As the compiled trainer takes it."""
        return self.params, self.first_moment, self.second_moment, self.step


@dataclass
class Training:
    """One training: history, best weights, early stopping, interruption.

    Attributes
    ----------
    network : Network
        Trained in place.
    state : State
        Where the optimiser starts, then where it stopped.
    records : list of dict
        The history, one record an epoch.
    """

    network: Network
    task: Task
    options: Options
    state: State
    records: list[dict[Any, Any]] = field(default_factory=list)
    interrupted: bool = field(default=False, init=False)

    def run(self) -> None:
        """Train `network`, leaving its parameters and `state` at the result.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; `network` then still has the parameters it came with.
        """
        trainer = self._trainer()
        best = _Best()
        try:
            for record in self._epochs(trainer):
                self.records.append(record)
                best.offer(record["validation_loss"], trainer)
                if self.options.early_stopping and best.waited >= self.options.patience:
                    break
        except KeyboardInterrupt:
            self.interrupted = True
        params, first_moment, second_moment, step = trainer.state
        if (self.interrupted or self.options.early_stopping) and best.params is not None:
            params = best.params
        done = step - self.state.step
        self.state = State(params, first_moment, second_moment, step, self.state.before)
        self.network.params = params
        if self.interrupted:
            warnings.warn(
                f"Training was interrupted after {done} of {self.total_steps()} steps; the best"
                " weights so far are kept.",
                UserWarning,
                stacklevel=4,
            )

    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        return pd.DataFrame(self.records, columns=None if self.records else HISTORY)

    def _steps_per_epoch(self) -> int:
        return -(-len(self.task.rows) // min(self.options.batch_size, len(self.task.rows)))

    def total_steps(self) -> int:
        """Steps allowed by max_steps and max_epochs together."""
        steps, epochs = self.options.max_steps, self.options.max_epochs
        limits = [steps, None if epochs is None else epochs * self._steps_per_epoch()]
        return min(limit for limit in limits if limit is not None)

    def anneal_steps(self) -> int:
        """Steps in which annealed terms grow to their size."""
        anneal = self.options.anneal
        return anneal if isinstance(anneal, int) else round(anneal * self.total_steps())

    def _trainer(self) -> _core.Trainer:
        options, task = self.options, self.task
        corruption = _core.Corruption(
            noise=options.noise,
            level=options.noise_level,
            unknown_rate=options.unknown_rate,
            span=SWAP_NOISE_SPAN if options.noise == "swap" else 0.0,
        )
        return _core.Trainer(
            _core.RowModel(
                self.network.compiled[1], task.table, task.weights, corruption, task.targets
            ),
            task.rows,
            self.state.as_tuple(),
            _core.TrainingOptions(
                first_step=self.state.step,
                batch_size=options.batch_size,
                total_steps=self.total_steps(),
                learning_rate=options.learning_rate,
                schedule=options.schedule,
                dropout=options.dropout,
                anneal_steps=self.anneal_steps(),
                seed=options.seed,
                threads=options.threads,
                matmul_precision=options.matmul_precision,
            ),
        )

    def _epochs(self, trainer: _core.Trainer) -> Iterator[dict[str, Any]]:
        """Train epoch by epoch, the last one perhaps cut short, and yield the record of each."""
        total = self.total_steps()
        end = trainer.step + total
        started = time.perf_counter()
        rows_per_step = min(self.options.batch_size, len(self.task.rows))
        with _Pace(total, rows_per_step, self.options.verbose) as pace:
            while trainer.step < end:
                begin, summed, terms = trainer.step, 0.0, np.zeros_like(trainer.terms)
                stop = min(end, begin + self._steps_per_epoch())
                while trainer.step < stop:
                    steps = min(pace.steps, stop - trainer.step)
                    loss = trainer.run(steps)
                    self._check_finite(loss, trainer)
                    summed += loss * steps
                    terms += trainer.terms * steps
                    pace.took(steps, loss)
                steps = stop - begin
                seconds = time.perf_counter() - started
                yield self._record(trainer, summed / steps, terms / steps, seconds)

    def _record(
        self, trainer: _core.Trainer, train_loss: float, terms: np.ndarray, seconds: float
    ) -> dict[str, Any]:
        loss, _ = replace(self.network, params=trainer.params).score(
            self.task.validation,
            self.task.validation_weights,
            self.options.threads,
            self.task.validation_targets,
        )
        self._check_finite(loss, trainer)
        epoch = len(self.records) + 1
        step = trainer.step + self.state.before
        record = (step, epoch, train_loss, loss, trainer.learning_rate, seconds)
        latents = latent_record(self.network.sizes, terms, trainer.annealed)
        return dict(zip(HISTORY, record, strict=True)) | latents

    def _check_finite(self, loss: float, trainer: _core.Trainer) -> None:
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} at step {trainer.step}: training diverged. Lower"
                f" learning_rate (now {self.options.learning_rate:g}) by a factor of ten, or scale"
                " the table (scale='robust') where scale='none' lets large values in. The former"
                " fit, if any, is unchanged."
            )


@dataclass
class _Best:
    """The weights of the lowest held-out loss so far."""

    loss: float = np.inf
    params: np.ndarray | None = None
    waited: int = 0

    def offer(self, loss: float, trainer: _core.Trainer) -> None:
        if loss < self.loss:
            self.loss, self.params, self.waited = loss, trainer.params, 0
        else:
            self.waited += 1


class _Pace:
    """How many steps to hand to the core at a time, and the progress bar that is served between.

    `steps` never shows in the result: a training is the same however it is cut.
    """

    def __init__(self, total: int, rows_per_step: int, verbose: bool) -> None:
        self.steps = 1
        self._rows_per_step = rows_per_step
        self._bar: Any = None
        if verbose:
            from tqdm.auto import tqdm  # not needed, so not imported, without a bar

            self._bar = tqdm(total=total, unit="step", desc="entivec")

    def __enter__(self) -> _Pace:
        self._clock = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def took(self, steps: int, loss: float) -> None:
        now = time.perf_counter()
        per_second = steps / max(now - self._clock, 1e-9)
        self._clock = now
        self.steps = max(1, min(2 * self.steps, int(per_second * SECONDS_BETWEEN_CHECKS)))
        if self._bar is not None:
            rows = per_second * self._rows_per_step
            self._bar.set_postfix_str(f"loss {loss:.4f}, {rows:,.0f} rows/s", refresh=False)
            self._bar.update(steps)
