"""Latent variables of the variational autoencoders: names, what a training records, draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from entivec.rows.network import Network, Sizes
from entivec.table import Blocks

ACTIVE_NATS = 0.1  # a latent with a smaller divergence tells nothing of a row


def categorical_capacity(sizes: Sizes, annealed: float = 1.0) -> float:
    """Capacity of the categories in force, at most what they can carry, Σ ln k."""
    return sizes.shape().categorical_capacity_at(annealed)


def latent_record(sizes: Sizes, terms: np.ndarray, annealed: float) -> dict[str, Any]:
    """What the history keeps of an epoch beside its losses; nothing for other models.

    Parameters
    ----------
    terms : ndarray of shape (1 + latents,)
        Means over the epoch of -log p(x|z) and of every latent's KL, in nats a row.
    annealed : float
        Share of the capacity or of beta in force at the end of the epoch.
    """
    if not sizes.variational:
        return {}
    divergence = terms[1:]
    own, categories = divergence[: sizes.code], divergence[sizes.code :]
    record = {"reconstruction": terms[0], "kl": own.sum()}
    if sizes.capacity is not None:
        record["capacity"] = sizes.shape().capacity_at(annealed)
    if sizes.categories:
        record["categorical_kl"] = categories.sum()
        record["categorical_capacity"] = categorical_capacity(sizes, annealed)
    record["active"] = int((divergence > ACTIVE_NATS).sum())
    record |= {f"kl_{latent}": nats for latent, nats in enumerate(own)}
    record |= {f"kl_c{category}": nats for category, nats in enumerate(categories)}
    return record


def draw_codes(sizes: Sizes, n: int, random: np.random.RandomState) -> np.ndarray:
    """Draws from the prior: normal latents beside one level of every category."""
    parts = [random.standard_normal((n, sizes.code))]
    parts += [np.eye(levels)[random.randint(levels, size=n)] for levels in sizes.categories]
    return np.hstack(parts).astype(np.float32)


def dense_bounds(dense: np.ndarray, former: np.ndarray | None) -> np.ndarray:
    """Least and greatest cell of every column, of these rows and of those before."""
    low, high = np.fmin.reduce(dense, axis=0), np.fmax.reduce(dense, axis=0)
    if former is None:
        return np.stack([low, high])
    return np.stack([np.fmin(low, former[0]), np.fmax(high, former[1])])


def draw_blocks(
    network: Network, codes: np.ndarray, random: np.random.RandomState, threads: int
) -> Blocks:
    """Rows drawn from what the decoder says of `codes`, each cell from its own distribution."""
    layout, predictions = network.layout, network.predict(codes, threads)
    n, c = len(codes), len(layout.dense_source)
    dense = predictions[:, :c]
    if network.sizes.bernoulli:
        dense = random.random_sample(dense.shape) < dense
    else:
        # Scaling squashes what lies far out: a little noise beyond the training cells is much.
        noise = network.scales() * random.standard_normal(dense.shape)
        assert network.bounds is not None  # what every fit of a variational model leaves
        dense = np.clip(dense + noise, network.bounds[0], network.bounds[1])
    levels, at = np.empty((n, len(layout.levels)), np.int32), c
    for column, (count, first) in enumerate(zip(layout.levels, layout.first_target, strict=True)):
        width = 1 if count - first == 2 else count - first
        below = 1 - predictions[:, [at]] if width == 1 else predictions[:, at : at + width]
        cumulative = np.cumsum(below, axis=1)[:, : count - first - 1]
        levels[:, column] = first + (random.random_sample((n, 1)) > cumulative).sum(axis=1)
        at += width
    bag = sparse.csr_matrix(predictions[:, at:])
    return Blocks(np.ascontiguousarray(dense, dtype=np.float32), levels, bag)
