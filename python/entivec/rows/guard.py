"""The guarantee: an embedding that is never worse than PCA of the same width on fresh rows.

A network starts at PCA and moves away from it. On held-out rows every share of the way is scored
beside PCA itself, row by row, and the share of the greatest gain is kept among those whose gain
stands clear of chance: of its standard error over the rows. Where none does, PCA is kept. So a
table of few rows, or of linear structure alone, is embedded by PCA or close to it. Few rows are
held out in turn, by folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import KFold

from entivec import _core
from entivec.rows.network import Network, explained_variance
from entivec.rows.task import RowOptions, Task, fit_pca, new_network, pca_network
from entivec.table import Blocks, TableEncoder
from entivec.table.blocks import FIRST_LEVEL

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the way from PCA to the trained network
CLEAR = 1.5  # standard errors of a gain over many rows; over few they are not known well
ROWS_TO_KNOW_AN_ERROR = 30
FOLDS = 5
FEWEST_ROWS = 30  # that tell anything of a network
MOST_ROWS_OF_A_SCALE = 5000  # that the columns' standard deviations are taken from


class Verdict(NamedTuple):
    """The network that is kept, why, and explained variances on the held-out rows."""

    network: Network
    share: float  # of the way from PCA to the trained network; 0 is PCA
    score: float
    pca_score: float
    reason: str


def as_trained(trained: Network, pca: _core.Pca, task: Task, threads: int) -> Verdict:
    """Keep the trained network: what a pure chain, a divergence or a guide asks for."""
    baseline = pca_network(trained.layout, trained.sizes, pca)
    score, pca_score = (
        network.score(task.validation, task.validation_weights, threads)[1]
        for network in (trained, baseline)
    )
    return Verdict(trained, 1.0, score, pca_score, "the network as trained")


def by_held_out_rows(
    start: np.ndarray,
    trained: Network,
    pca: _core.Pca,
    task: Task,
    table: TableEncoder,
    threads: int,
    shares: Sequence[float] = SHARES,
) -> Verdict:
    """Keep as much of the way from PCA to `trained` as the held-out rows bear out.

    Parameters
    ----------
    start : ndarray of shape (num_params,)
        Parameters that the training of `trained` started from.
    table : TableEncoder
        Numbers are compared in its own units as well as scaled.
    shares : sequence of float
        What is tried, beside PCA.
    """
    trial = Trial.of(start, trained, pca, task, table, threads, shares)
    return trial.verdict(start, trained, pca, f"{trial.rows} held-out rows", shares)


def by_folds(
    start: np.ndarray,
    trained: Network,
    pca: _core.Pca,
    task: Task,
    table: TableEncoder,
    options: RowOptions,
    train: Callable[[Network, Task], Network],
    shares: Sequence[float] = SHARES,
) -> Verdict:
    """Keep as much of the way to `trained`, which saw every row, as networks of folds bear out.

    Parameters
    ----------
    train : callable
        Trains a network, given at its start, on the rows of a task.
    """
    sizes, trials, known = trained.sizes, [], task.rows
    if task.weights is not None:
        known = known[task.weights[known] > 0]
    if len(known) < 2:
        return by_held_out_rows(start, trained, pca, task, table, options.threads, ())
    shares = shares if len(known) >= FEWEST_ROWS else ()
    folds = KFold(min(FOLDS, len(known)), shuffle=True, random_state=options.seed)
    for rows, held_out in folds.split(known):
        part = task.part(known[rows], known[held_out])
        own = fit_pca(part, sizes, options)
        network = new_network(part, sizes, own, options)
        begin = network.params
        network = train(network, part) if shares else network
        trials.append(Trial.of(begin, network, own, part, table, options.threads, shares))
    pooled = Trial.pooled(trials)
    what = f"{pooled.rows} rows in {folds.get_n_splits()} folds"
    if not shares:
        what = f"{pooled.rows} rows are too few for more"
    return pooled.verdict(start, trained, pca, what, shares)


def towards(start: np.ndarray, trained: Network, share: float) -> Network:
    """Return the network at a share of the way from its start to where training led."""
    if share == 1:
        return trained
    return replace(trained, params=start + np.float32(share) * (trained.params - start))


class Trial(NamedTuple):
    """How PCA, first, and every share of the way from it meet rows they have not seen."""

    squares: np.ndarray  # (1 + shares, n, 2): scaled, and with the numbers in their own units
    weights: np.ndarray  # (n,)
    error: np.ndarray  # (1 + shares,): squares of all scaled cells, the lost ones among them
    deviation: float  # of the same cells from the training mean

    @classmethod
    def of(
        cls,
        start: np.ndarray,
        trained: Network,
        pca: _core.Pca,
        task: Task,
        table: TableEncoder,
        threads: int,
        shares: Sequence[float],
    ) -> Trial:
        """Score them on the held-out rows of a task."""
        baseline = pca_network(trained.layout, trained.sizes, pca)
        tried = [baseline, *(towards(start, trained, share) for share in shares)]
        units = Units.of(task, table, threads)
        weights, rows = task.validation_weights, len(task.held_out.dense)
        scores = [network.squares(task.validation, weights, threads) for network in tried]
        weights = np.ones(rows) if weights is None else weights.astype(np.float64)
        lost = task.layout.unreadable * weights.sum()
        return cls(
            np.stack([units.squares(network) for network in tried]),
            weights,
            np.array([error.sum() + lost for _, error, _ in scores]),
            float(scores[0][2].sum() + lost),
        )

    @classmethod
    def pooled(cls, trials: Sequence[Trial]) -> Trial:
        """Put the rows of folds together."""
        return cls(
            np.concatenate([trial.squares for trial in trials], axis=1),
            np.concatenate([trial.weights for trial in trials]),
            np.sum([trial.error for trial in trials], axis=0),
            sum(trial.deviation for trial in trials),
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.weights)

    def verdict(
        self,
        start: np.ndarray,
        trained: Network,
        pca: _core.Pca,
        rows: str,
        shares: Sequence[float],
    ) -> Verdict:
        """Keep the share of the greatest gain that is clear of chance, else PCA."""
        gains, errors = self._gains()
        least = CLEAR * (1 + ROWS_TO_KNOW_AN_ERROR / self.rows)
        clear = (gains - least * errors).min(axis=1) > 0
        pca_score = self._score(0)
        if not clear.any():
            network = pca_network(trained.layout, trained.sizes, pca)
            reason = f"PCA: on {rows} no network was better beyond chance"
            return Verdict(network, 0.0, pca_score, pca_score, reason if shares else f"PCA: {rows}")
        best = int(np.argmax(np.where(clear, gains[:, 0], -np.inf)))
        reason = f"the network, {shares[best]:.0%} of the way from PCA, by {rows}"
        network = towards(start, trained, shares[best])
        return Verdict(network, shares[best], self._score(1 + best), pca_score, reason)

    def _gains(self) -> tuple[np.ndarray, np.ndarray]:
        """Weighted mean gain (shares, 2) over PCA and its standard error."""
        gain = self.squares[:1] - self.squares[1:]
        share = (self.weights / self.weights.sum())[np.newaxis, :, np.newaxis]
        mean = (share * gain).sum(axis=1)
        spread = np.square(share * (gain - mean[:, np.newaxis])).sum(axis=1)
        return mean, np.sqrt(spread * self.rows / max(self.rows - 1, 1))

    def _score(self, tried: int) -> float:
        return explained_variance(float(self.error[tried]), self.deviation)


@dataclass(frozen=True)
class Units:
    """What squared errors of held-out rows are measured in.

    Attributes
    ----------
    blocks : Blocks
        The held-out rows.
    known : ndarray of shape (n, c)
        Their dense cells in their own units.
    deviation : ndarray of shape (c,)
        Standard deviation of every dense column in its own units.
    """

    blocks: Blocks
    known: np.ndarray
    table: TableEncoder
    deviation: np.ndarray
    threads: int

    @classmethod
    def of(cls, task: Task, table: TableEncoder, threads: int) -> Units:
        """Measure the columns by the training rows."""
        rows = task.rows[:: -(-len(task.rows) // MOST_ROWS_OF_A_SCALE)]
        numbers = table.in_own_units(task.blocks.dense[rows])
        with warnings.catch_warnings():  # of columns without a number among these rows
            warnings.simplefilter("ignore", RuntimeWarning)
            deviation = np.nanstd(numbers, axis=0)
        usable = np.isfinite(deviation) & (deviation > 0)
        known = table.in_own_units(task.held_out.dense)
        return cls(task.held_out, known, table, np.where(usable, deviation, 1.0), threads)

    def squares(self, network: Network) -> np.ndarray:
        """Return squares (n, 2): of scaled cells, and with the numbers in their own units."""
        blocks = self.blocks
        predicted = network.predict(network.encode(blocks, self.threads), self.threads)
        dense = predicted[:, : blocks.dense.shape[1]]
        scaled = np.square(dense - blocks.dense, dtype=np.float64)
        with np.errstate(over="ignore"):
            own = self.table.in_own_units(dense) - self.known
            own = np.square(own / self.deviation)
        numbers = np.column_stack([np.nansum(scaled, axis=1), np.nansum(own, axis=1)])
        squares: np.ndarray = numbers + _of_categories(network, blocks, predicted)[:, np.newaxis]
        return squares


def _of_categories(network: Network, blocks: Blocks, predicted: np.ndarray) -> np.ndarray:
    """Squared errors (n,) of the one-hot levels that are known, and of the bag's shares."""
    layout, at = network.layout, blocks.dense.shape[1]
    total = np.zeros(len(predicted))
    for column, (levels, first) in enumerate(zip(layout.levels, layout.first_target, strict=True)):
        width = 1 if levels - first == 2 else levels - first  # a flag has one output
        p = predicted[:, at : at + width].astype(np.float64)
        p = np.hstack([1 - p, p]) if width == 1 else p
        target = blocks.codes[:, column] - first
        hit = np.take_along_axis(p, np.maximum(target, 0)[:, np.newaxis], axis=1)[:, 0]
        known = blocks.codes[:, column] >= FIRST_LEVEL
        total += np.where(known, np.square(p).sum(axis=1) - 2 * hit + 1, 0)
        at += width
    if layout.bag_width:
        counts = np.asarray(blocks.bags.sum(axis=1)).ravel()
        shares = blocks.bags.multiply(1 / np.maximum(counts, 1e-30)[:, np.newaxis]).toarray()
        squares = np.square(layout.bag_weight * (predicted[:, at:] - shares)).sum(axis=1)
        total += np.where(counts > 0, squares, 0)
    return total
