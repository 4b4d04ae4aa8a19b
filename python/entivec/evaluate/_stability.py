"""Whether a model comes out the same from other seeds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from entivec.evaluate._vectors import read_vectors


def stability(estimator: Any, X: Any, seeds: Iterable[int] = range(5)) -> pd.DataFrame:
    """Compare the embeddings of fits from several seeds, whichever way each is turned.

    An embedding may be shifted, turned, mirrored and scaled as a whole without saying anything
    else, so two are compared by orthogonal Procrustes analysis: centred, brought to equal size,
    and one turned onto the other [Schönemann 1966].

    Parameters
    ----------
    estimator : estimator with ``fit``, ``transform`` and ``random_state``
        Cloned for every seed; as it comes it is left alone.
    X : what the estimator takes
    seeds : iterable of int, default=range(5)
        At least two.

    Returns
    -------
    DataFrame, a row for each pair of seeds
        ``seed``, ``other`` and ``similarity``: the share of the one embedding's variance that the
        turned other one explains, 1 where they are the same.

    Raises
    ------
    ValueError
        If the estimator has no `random_state` or there are fewer than two seeds.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> found = evaluate.stability(entivec.AutoEncoder(4, max_steps=50), customers, seeds=range(3))
    >>> len(found), bool((found["similarity"] > 0.5).all())
    (3, True)
    """
    seeds = list(seeds)
    if "random_state" not in estimator.get_params(deep=False):
        raise ValueError(
            f"{type(estimator).__name__} has no random_state, so its seed cannot be varied."
        )
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two numbers, got {seeds!r}.")
    fitted = {
        seed: _standardised(clone(estimator).set_params(random_state=seed).fit(X).transform(X))
        for seed in seeds
    }
    pairs = [(a, b, _similarity(fitted[a], fitted[b])) for a, b in combinations(seeds, 2)]
    return pd.DataFrame(pairs, columns=["seed", "other", "similarity"])


def _standardised(vectors: Any) -> np.ndarray:
    values, _ = read_vectors(vectors)
    values = values - values.mean(axis=0)
    return np.asarray(values / (np.linalg.norm(values) or 1.0))


def _similarity(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.linalg import orthogonal_procrustes

    width = max(one.shape[1], other.shape[1])
    one, other = (np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (one, other))
    _, explained = orthogonal_procrustes(other, one)
    return float(np.square(explained))
