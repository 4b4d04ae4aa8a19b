"""Estimators that keep PCA, or part of the way from it, where more is not borne out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from entivec import _core
from entivec.rows.fitted import FittedRows
from entivec.rows.guard import SHARES, Verdict, as_trained, by_folds, by_held_out_rows
from entivec.rows.network import Network
from entivec.rows.parameters import FEW_ROWS
from entivec.rows.task import RowOptions, Task, fit_pca, pca_network
from entivec.rows.training import NetworkTraining
from entivec.table import TableEncoder

WORTH_ANOTHER_PCA = 0.05  # share of the rows held out


class Guarded(FittedRows):
    """What of a training is kept."""

    early_stopping: bool
    linear_path: bool
    validation_fraction: float

    def _train(
        self, network: Network, task: Task, options: RowOptions, resume: bool
    ) -> NetworkTraining:
        """Train a network; every estimator says how."""
        raise NotImplementedError

    def _guarded(self) -> bool:
        """Whether PCA may take the place of the trained network."""
        return bool(self.linear_path)

    def _folded(self, rows: int, fraction: float, bound: bool) -> bool:
        """Whether rows are held out in turn; not where targets or a former fit bind."""
        few = rows < FEW_ROWS and fraction > 0
        return few and self._guarded() and not bound and not self.early_stopping

    def _verdict(
        self,
        table: TableEncoder,
        training: NetworkTraining,
        start: np.ndarray,
        pca: _core.Pca,
        resume: bool,
    ) -> Verdict:
        """Decide by held-out rows what is kept; `start` is where the training began."""
        network, task, options = training.network, training.task, training.options
        bound = network.guide is not None or resume or task.large is not None
        if not self._guarded() or network.guide is not None:
            return as_trained(network, pca, task, options.threads)
        shares = SHARES if options.init == "pca" and not resume else SHARES[-1:]
        few = self._folded(task.table.rows, self.validation_fraction, bound)
        if few and not training.interrupted:

            def train(fresh: Network, part: Task) -> Network:
                return self._train(fresh, part, replace(options, verbose=False), False).network

            return by_folds(start, network, pca, task, table, options, train, shares)
        verdict = by_held_out_rows(start, network, pca, task, table, options.threads, shares)
        if verdict.share > 0 or task.held_out_share < WORTH_ANOTHER_PCA:
            return verdict
        everything = fit_pca(task.with_every_row(), network.sizes, options)
        return verdict._replace(network=pca_network(task.layout, network.sizes, everything))
