"""The training of a network on sequences of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from entivec import _core
from entivec.base.training import ExampleTraining
from entivec.sequences.network import SequenceNetwork


@dataclass
class SequenceTraining(ExampleTraining):
    """Trains on the events of entities.

    Attributes
    ----------
    parts : list of str
        Names of the parts of the loss.
    """

    network: SequenceNetwork = field(kw_only=True)
    model: _core.SequenceModel = field(kw_only=True)
    parts: list[str] = field(kw_only=True)

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
