"""The training of a network on the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from entivec.base.training import Trainer, Training
from entivec.rows.latents import latent_record
from entivec.rows.network import Network
from entivec.rows.steps import row_trainer
from entivec.rows.stream import StreamTrainer
from entivec.rows.task import RowOptions, Task


@dataclass
class NetworkTraining(Training):
    """Trains on the rows of a task.

    Attributes
    ----------
    task : Task
        The table, its rows held out, the targets.
    """

    options: RowOptions
    network: Network = field(kw_only=True)
    task: Task = field(kw_only=True)

    @property
    def examples(self) -> int:
        """Rows of an epoch; of a table on disk, of a round."""
        stream = self.task.stream
        return len(self.task.rows) if stream is None else stream.examples

    def trainer(self) -> Trainer:
        """Make the trainer."""
        options, task = self.options, self.task
        if task.stream is not None:
            steps = self.total_steps(), self.anneal_steps()
            return StreamTrainer(task.stream, self.network, self.state, options, *steps)
        own = {"dropout": options.dropout, "matmul_precision": options.matmul_precision}
        return row_trainer(
            self.network,
            task.table,
            task.rows,
            self.state,
            options,
            self.compiled_options(**own),
            task.weights,
            task.targets,
        )

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
