"""The loop around a compiled trainer: history, best weights, early stopping, interruption."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from entivec import _core
from entivec.base.progress import Pace

if TYPE_CHECKING:
    from typing_extensions import Self

MOST_HELD_OUT = 2000
FEWEST_HELD_OUT = 10
HISTORY = ["step", "epoch", "train_loss", "validation_loss", "learning_rate", "seconds"]

Watch = Callable[[Mapping[str, Any], float], object]
_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Show `watch` every epoch of the trainings within the block.

    Parameters
    ----------
    watch : callable
        Takes the epoch's row of the history and the share of the training that is done, up to 1.
        What it raises ends the `fit`, whose estimator is left as it was; so does Ctrl-C, which
        otherwise keeps the best weights.
    """
    before = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(before)


@dataclass(frozen=True)
class Options:
    """How to train; the names are those of the estimators' parameters."""

    anneal: int | float  # steps, or a share of the training, in which annealed terms grow
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

    @classmethod
    def of(cls, estimator: Any, **further: Any) -> Self:
        """Take the options from an estimator's parameters, but for those in `further`."""
        given = {"seed": estimator._seed(), "threads": estimator._threads(), **further}
        names = [option.name for option in fields(cls) if option.name not in given]
        return cls(**given, **{name: getattr(estimator, name) for name in names})


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


class Trainer(Protocol):
    """What the loop asks of a compiled trainer."""

    @property
    def step(self) -> int:
        """Steps made, those before this training included."""

    @property
    def learning_rate(self) -> float:
        """Of the next step."""

    @property
    def annealed(self) -> float:
        """Share of the annealed terms of the loss that is in force in the next step."""

    @property
    def params(self) -> np.ndarray:
        """The parameters now."""

    @property
    def terms(self) -> np.ndarray:
        """Terms of the loss, means over the steps of the last run."""

    @property
    def state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Parameters, moments and step."""

    def run(self, steps: int) -> float:
        """Make so many steps and return their mean loss."""


class Network(Protocol):
    """What is trained."""

    params: np.ndarray


@dataclass
class Training(ABC):
    """Trains a network in place: a family says what its trainer is, an epoch, and how to score.

    Attributes
    ----------
    network : Network
    options : Options
    state : State
        Where the optimiser starts, then where it stopped.
    records : list of dict
        The history, one record an epoch.
    interrupted : bool
        Whether Ctrl-C ended it; the state then has the best weights so far.
    """

    options: Options
    state: State
    network: Network = field(kw_only=True)
    records: list[dict[Any, Any]] = field(default_factory=list)
    interrupted: bool = field(default=False, init=False)

    @property
    @abstractmethod
    def examples(self) -> int:
        """Examples of an epoch."""

    @abstractmethod
    def trainer(self) -> Trainer:
        """Make the compiled trainer, at `state`."""

    @abstractmethod
    def validate(self, params: np.ndarray) -> float:
        """Return the loss of held-out examples."""

    def record(self, terms: np.ndarray, annealed: float) -> dict[str, Any]:
        """Return what else the history keeps of an epoch."""
        return {}

    def run(self) -> None:
        """Train, leaving `state` and the parameters of `network` at the result.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; both are then as they were.
        """
        trainer = self.trainer()
        best, watch, begin = _Best(), _watch.get(), trainer.step
        try:
            for record in self._epochs(trainer):
                self.records.append(record)
                best.offer(record["validation_loss"], trainer)
                if watch is not None:
                    watch(record, (trainer.step - begin) / self.total_steps())
                if self.options.early_stopping and best.waited >= self.options.patience:
                    break
        except KeyboardInterrupt:
            if watch is not None:
                raise
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

    def steps_per_epoch(self) -> int:
        """Steps in which every example is seen once."""
        return -(-self.examples // self._examples_per_step())

    def total_steps(self) -> int:
        """Steps allowed by max_steps and max_epochs together."""
        steps, epochs = self.options.max_steps, self.options.max_epochs
        limits = [steps, None if epochs is None else epochs * self.steps_per_epoch()]
        return min(limit for limit in limits if limit is not None)

    def anneal_steps(self) -> int:
        """Steps in which annealed terms grow to their size."""
        anneal = self.options.anneal
        return anneal if isinstance(anneal, int) else round(anneal * self.total_steps())

    def compiled_options(self, **further: Any) -> _core.TrainingOptions:
        """Return the options as the compiled trainer takes them, with those of a family."""
        options = self.options
        return _core.TrainingOptions(
            batch_size=options.batch_size,
            first_step=self.state.step,
            total_steps=self.total_steps(),
            learning_rate=options.learning_rate,
            schedule=options.schedule,
            anneal_steps=self.anneal_steps(),
            seed=options.seed,
            threads=options.threads,
            **further,
        )

    def advice(self) -> str:
        """Return what to do where the loss diverges, beside a lower learning rate."""
        return ""

    def _examples_per_step(self) -> int:
        return min(self.options.batch_size, self.examples)

    def _epochs(self, trainer: Trainer) -> Iterator[dict[str, Any]]:
        """Train epoch by epoch, the last one perhaps cut short, and yield the record of each."""
        total = self.total_steps()
        end = trainer.step + total
        started = time.perf_counter()
        with Pace(total, self.options.verbose, self._examples_per_step()) as pace:
            while trainer.step < end:
                begin, summed, terms = trainer.step, 0.0, np.zeros(())  # of as many as there are
                stop = min(end, begin + self.steps_per_epoch())
                while trainer.step < stop:
                    before = trainer.step
                    loss = trainer.run(min(pace.steps, stop - before))
                    steps = trainer.step - before
                    self._check_finite(loss, trainer)
                    summed += loss * steps
                    terms = terms + trainer.terms * steps
                    pace.took(steps, loss)
                steps = trainer.step - begin
                seconds = time.perf_counter() - started
                yield self._record(trainer, summed / steps, terms / steps, seconds)

    def _record(
        self, trainer: Trainer, train_loss: float, terms: np.ndarray, seconds: float
    ) -> dict[str, Any]:
        loss = self.validate(trainer.params)
        self._check_finite(loss, trainer)
        epoch = len(self.records) + 1
        step = trainer.step + self.state.before
        values = (step, epoch, train_loss, loss, trainer.learning_rate, seconds)
        return dict(zip(HISTORY, values, strict=True)) | self.record(terms, trainer.annealed)

    def _check_finite(self, loss: float, trainer: Trainer) -> None:
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} at step {trainer.step}: training diverged. Lower"
                f" learning_rate (now {self.options.learning_rate:g}) by a factor of ten"
                f"{self.advice()}. The former fit, if any, is unchanged."
            )


@dataclass(frozen=True, kw_only=True)
class ExampleOptions(Options):
    """How to train on examples."""

    dropout: float


@dataclass
class ExampleTraining(Training):
    """Trains on some of the examples that a compiled model has.

    Attributes
    ----------
    model : compiled model
        The network on its data.
    rows, held_out : ndarray of int64
        Examples that are trained on, and those that are only scored.
    """

    options: ExampleOptions
    model: Any = field(kw_only=True)
    rows: np.ndarray = field(kw_only=True)
    held_out: np.ndarray = field(kw_only=True)

    @property
    def examples(self) -> int:
        """Examples of an epoch."""
        return len(self.rows)

    def trainer(self) -> _core.Trainer:
        """Make the compiled trainer."""
        options = self.compiled_options(dropout=self.options.dropout)
        return _core.Trainer(self.model, self.rows, self.state.as_tuple(), options)


@dataclass
class _Best:
    """The weights of the lowest held-out loss so far."""

    loss: float = np.inf
    params: np.ndarray | None = None
    waited: int = 0

    def offer(self, loss: float, trainer: Trainer) -> None:
        if loss < self.loss:
            self.loss, self.params, self.waited = loss, trainer.params, 0
        else:
            self.waited += 1


def split(rows: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold examples out; where that would be fewer than ten, all serve for both."""
    order = np.random.default_rng(seed).permutation(rows)
    count = min(MOST_HELD_OUT, round(fraction * len(rows)))
    if count < FEWEST_HELD_OUT:
        return np.sort(rows), np.sort(rows)
    return np.sort(order[count:]), np.sort(order[:count])
