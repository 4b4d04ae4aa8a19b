"""The training of a network on the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from entivec import _core
from entivec.base.training import Training
from entivec.rows.latents import latent_record
from entivec.rows.network import Network
from entivec.rows.task import RowOptions, Task

SWAP_NOISE_SPAN = 0.7  # share of the training after which swap noise has faded


@dataclass
class NetworkTraining(Training):
    """Trains a network in place.

    Attributes
    ----------
    network : Network
    task : Task
        The table, its rows held out, the targets.
    """

    options: RowOptions
    network: Network = field(kw_only=True)
    task: Task = field(kw_only=True)

    @property
    def examples(self) -> int:
        """Rows of an epoch."""
        return len(self.task.rows)

    def run(self) -> None:
        """Train `network`, leaving its parameters and `state` at the result.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; `network` then still has the parameters it came with.
        """
        super().run()
        self.network.params = self.state.params

    def trainer(self) -> _core.Trainer:
        """Make the compiled trainer."""
        options, task = self.options, self.task
        corruption = _core.Corruption(
            noise=options.noise,
            level=options.noise_level,
            unknown_rate=options.unknown_rate,
            span=SWAP_NOISE_SPAN if options.noise == "swap" else 0.0,
        )
        model = _core.RowModel(
            self.network.compiled[1], task.table, task.weights, corruption, task.targets
        )
        own = {"dropout": options.dropout, "matmul_precision": options.matmul_precision}
        return _core.Trainer(model, task.rows, self.state.as_tuple(), self.compiled_options(**own))

    def validate(self, params: np.ndarray) -> float:
        """Return the mean loss of a held-out row."""
        loss, _ = replace(self.network, params=params).score(
            self.task.validation,
            self.task.validation_weights,
            self.options.threads,
            self.task.validation_targets,
        )
        return loss

    def record(self, terms: np.ndarray, annealed: float) -> dict[str, Any]:
        """Return what the latents of an epoch carry."""
        return latent_record(self.network.sizes, terms, annealed)

    def advice(self) -> str:
        """Return what else to do where the loss diverges."""
        return ", or scale the table (scale='robust') where scale='none' lets large values in"
