"""The training of the models of this family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from entivec import _core
from entivec.base.training import Options, State, Training, split


class Network(Protocol):
    """What is trained."""

    params: np.ndarray


class Scored(Protocol):
    """A compiled model that scores examples."""

    def score(self, params: np.ndarray, examples: np.ndarray, seed: int, threads: int) -> float:
        """Mean loss of examples."""


@dataclass(frozen=True, kw_only=True)
class OfferOptions(Options):
    """How to train."""

    dropout: float
    repeats: int = 1  # of an example in an epoch


@dataclass
class OfferTraining(Training):
    """Trains a network in place.

    Attributes
    ----------
    network : Network
    model : compiled model
        The network on its data.
    rows, held_out : ndarray of int64
        Examples that are trained on, and those that are only scored.
    """

    options: OfferOptions
    network: Network = field(kw_only=True)
    model: Any = field(kw_only=True)
    rows: np.ndarray = field(kw_only=True)
    held_out: np.ndarray = field(kw_only=True)

    @property
    def examples(self) -> int:
        """Examples of an epoch."""
        return len(self.rows) * self.options.repeats

    def run(self) -> None:
        """Train `network`, leaving its parameters and `state` at the result."""
        super().run()
        self.network.params = self.state.params

    def trainer(self) -> _core.Trainer:
        """Make the compiled trainer."""
        options = self.compiled_options(dropout=self.options.dropout)
        examples = np.repeat(self.rows, self.options.repeats)
        return _core.Trainer(self.model, examples, self.state.as_tuple(), options)

    def validate(self, params: np.ndarray) -> float:
        """Return the mean loss of held-out examples, drawn alike every time."""
        examples = np.repeat(self.held_out, self.options.repeats)
        model: Scored = self.model
        return model.score(params, examples, self.options.seed, self.options.threads)


def options_of(estimator: Any, repeats: int = 1) -> OfferOptions:
    """Return the options that an estimator's parameters stand for."""
    return OfferOptions(
        anneal=0,
        learning_rate=estimator.learning_rate,
        schedule=estimator.schedule,
        batch_size=estimator.batch_size,
        max_steps=estimator.max_steps,
        max_epochs=estimator.max_epochs,
        early_stopping=estimator.early_stopping,
        patience=estimator.patience,
        seed=estimator._seed(),
        threads=estimator._threads(),
        verbose=estimator.verbose,
        dropout=estimator.dropout,
        repeats=repeats,
    )


def train(
    estimator: Any,
    network: Network,
    model: Any,
    examples: np.ndarray,
    repeats: int = 1,
    start: Callable[[np.ndarray], np.ndarray] | None = None,
) -> OfferTraining:
    """Train a network on some of the examples of a compiled model, as an estimator says.

    `start` returns the parameters to begin with, of what may be known of the data: the examples
    that are not held out.
    """
    options = options_of(estimator, repeats)
    rows, held_out = split(examples, estimator.validation_fraction, options.seed)
    if start is not None:
        network.params = start(rows)
    training = OfferTraining(
        options,
        State.start(network.params),
        network=network,
        model=model,
        rows=rows,
        held_out=held_out,
    )
    training.run()
    return training


def check_widths(hidden: Any) -> None:
    """Raise ValueError unless these are widths of layers."""
    for width in hidden:
        if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
            raise ValueError(f"hidden holds {width!r}; give whole numbers of at least 1")
