"""The training of a network on sequences of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from entivec import _core
from entivec.base.training import Options, Training
from entivec.sequences.network import SequenceNetwork


@dataclass(frozen=True, kw_only=True)
class SequenceOptions(Options):
    """How to train on sequences."""

    dropout: float


@dataclass
class SequenceTraining(Training):
    """Trains a network in place.

    Attributes
    ----------
    network : SequenceNetwork
    model : _core.SequenceModel
        The network on its events.
    rows, held_out : ndarray of int64
        Entities that are trained on, and those that are only scored.
    parts : list of str
        Names of the parts of the loss.
    """

    options: SequenceOptions
    network: SequenceNetwork = field(kw_only=True)
    model: _core.SequenceModel = field(kw_only=True)
    rows: np.ndarray = field(kw_only=True)
    held_out: np.ndarray = field(kw_only=True)
    parts: list[str] = field(kw_only=True)

    @property
    def examples(self) -> int:
        """Entities of an epoch."""
        return len(self.rows)

    def run(self) -> None:
        """Train `network`, leaving its parameters and `state` at the result."""
        super().run()
        self.network.params = self.state.params

    def trainer(self) -> _core.Trainer:
        """Make the compiled trainer."""
        options = self.compiled_options(dropout=self.options.dropout)
        return _core.Trainer(self.model, self.rows, self.state.as_tuple(), options)

    def validate(self, params: np.ndarray) -> float:
        """Return the mean loss of a held-out entity, and keep its parts."""
        options = self.options
        loss, self._parts = self.model.score(params, self.held_out, options.seed, options.threads)
        return loss

    def record(self, terms: np.ndarray, annealed: float) -> dict[str, Any]:
        """Return the parts of the held-out loss, and the share of gradients that were clipped."""
        named = zip(self.parts, self._parts, strict=True)
        record = {f"validation_{name}": part for name, part in named if np.isfinite(part)}
        return record | {"clipped": float(terms[-1])}
