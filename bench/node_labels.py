"""How well vectors of nodes predict labels of nodes, of which a node may have several."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold


class LabelledGraph(NamedTuple):
    """Edges (columns source, target) between nodes 0 … n - 1, and labels (n, labels)."""

    edges: pd.DataFrame
    labels: np.ndarray


def read(folder: Path, name: str) -> LabelledGraph:
    """Read a graph and the labels of its nodes."""
    edges = pd.read_csv(folder / f"{name}.edges.tsv.gz", sep="\t", names=["source", "target"])
    pairs = pd.read_csv(folder / f"{name}.labels.tsv.gz", sep="\t").to_numpy()
    nodes = max(edges.max(axis=None), pairs[:, 0].max()) + 1
    labels = np.zeros((nodes, pairs[:, 1].max() + 1), dtype=bool)
    labels[pairs[:, 0], pairs[:, 1]] = True
    return LabelledGraph(edges, labels)


def scores(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Log-odds (test, labels) of one logistic regression a label, L2 with C = 1, solved together.

    The sum of their losses has one minimum, which is each one's own: scikit-learn's, in one run of
    L-BFGS instead of one a label.
    """
    x = np.column_stack([train, np.ones(len(train))]).astype(np.float64)
    sign = np.where(labels, 1.0, -1.0)
    shape = (x.shape[1], labels.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        margin = (x @ weights) * sign
        gradient = x.T @ (-sign / (1 + np.exp(margin)))
        gradient[:-1] += weights[:-1]
        value = np.logaddexp(0, -margin).sum() + (weights[:-1] ** 2).sum() / 2
        return value, gradient.ravel()

    found = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B",
                     options={"maxiter": 300})  # fmt: skip
    return np.column_stack([test, np.ones(len(test))]) @ found.x.reshape(shape)


def f1(
    vectors: np.ndarray, labels: np.ndarray, splits: int, share: float = 0.5
) -> tuple[float, float]:
    """Micro and macro F1, each test node given as many labels as it has; means over the splits."""
    nodes = np.flatnonzero(labels.any(axis=1))
    found = []
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(nodes)
        train, test = np.split(order, [int(share * len(order))])
        ranked = np.argsort(-scores(vectors[train], labels[train], vectors[test]), axis=1)
        true = labels[test]
        given = np.zeros_like(true)
        first = np.arange(true.shape[1]) < true.sum(axis=1)[:, None]
        given[np.nonzero(first)[0], ranked[first]] = True
        hits, sizes = (given & true).sum(axis=0), given.sum(axis=0) + true.sum(axis=0)
        macro = np.mean(2 * hits / np.maximum(sizes, 1))
        found.append((2 * hits.sum() / sizes.sum(), macro))
    micro, macro = np.mean(found, axis=0)
    return float(micro), float(macro)


def auroc(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve, mean over labels of the mean over five folds of labelled nodes."""
    nodes = np.flatnonzero(labels.any(axis=1))
    areas = np.full((5, labels.shape[1]), np.nan)
    for fold, (train, test) in enumerate(KFold(5, shuffle=True, random_state=0).split(nodes)):
        train, test = nodes[train], nodes[test]
        guess = scores(vectors[train], labels[train], vectors[test])
        for label in np.flatnonzero(labels[test].any(axis=0) & labels[train].any(axis=0)):
            areas[fold, label] = roc_auc_score(labels[test, label], guess[:, label])
    return float(np.nanmean(np.nanmean(areas, axis=0)))
