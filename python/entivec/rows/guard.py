"""The guarantee: an embedding that is never worse than PCA of the same width."""

from __future__ import annotations

from typing import NamedTuple

from entivec import _core
from entivec.rows.network import Network
from entivec.rows.task import Task, pca_network


class Verdict(NamedTuple):
    """The network that is kept, and explained variances on the held-out rows."""

    network: Network
    score: float
    pca_score: float


def better_of(trained: Network, pca: _core.Pca, task: Task, threads: int) -> Verdict:
    """Score a network beside PCA and keep the better of the two.

    PCA takes the place of a network with a linear path alone: a pure chain is what was asked for,
    a variational model pays for its divergence, and a guide for its targets.
    """
    baseline = pca_network(trained.layout, trained.sizes, pca)
    score, pca_score = (
        network.score(task.validation, task.validation_weights, threads)[1]
        for network in (trained, baseline)
    )
    guarded = trained.sizes.linear_path and not trained.sizes.variational
    if guarded and trained.guide is None and pca_score > score:
        return Verdict(baseline, max(score, pca_score), pca_score)
    return Verdict(trained, score, pca_score)
