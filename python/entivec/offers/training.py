"""The training of the models of this family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from entivec.base.training import ExampleOptions, ExampleTraining, Network, State, split


class Scored(Protocol):
    """A compiled model that scores examples."""

    def score(self, params: np.ndarray, examples: np.ndarray, seed: int, threads: int) -> float:
        """Mean loss of examples."""


class OfferTraining(ExampleTraining):
    """Trains on customers or blocks of transactions."""

    def validate(self, params: np.ndarray) -> float:
        """Return the mean loss of held-out examples, drawn alike every time."""
        model: Scored = self.model
        return model.score(params, self.held_out, self.options.seed, self.options.threads)


def train(
    estimator: Any,
    network: Network,
    model: Any,
    examples: np.ndarray,
    repeats: int = 1,
    start: Callable[[np.ndarray], np.ndarray] | None = None,
) -> OfferTraining:
    """Train a network on some of the examples of a compiled model, as an estimator says.

    Every example comes `repeats` times in an epoch. `start` returns the parameters to begin with,
    of what may be known of the data: the examples that are not held out.
    """
    options = ExampleOptions.of(estimator, anneal=0)
    rows, held_out = split(examples, estimator.validation_fraction, options.seed)
    if start is not None:
        network.params = start(rows)
    training = OfferTraining(
        options,
        State.start(network.params),
        network=network,
        model=model,
        rows=np.repeat(rows, repeats),
        held_out=np.repeat(held_out, repeats),
    )
    training.run()
    return training


def check_widths(hidden: Any) -> None:
    """Raise ValueError unless these are widths of layers."""
    for width in hidden:
        if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
            raise ValueError(f"hidden holds {width!r}; give whole numbers of at least 1")
