"""How much every latent has to do with every factor: the matrices (d, k) behind the scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from entivec.evaluate._variables import Variable

TREES = 50
# Shallow trees: deeper ones split on noise, which would count as importance.
DEPTH, SMALLEST_LEAF, ROWS_OF_A_TREE = 6, 5, 0.5
VOTES = 5000
GROUP = 64


def mutual_information(latents: Sequence[Variable], factors: Sequence[Variable]) -> np.ndarray:
    """Mutual information of the binned variables in nats, shape (d, k)."""
    from sklearn.metrics import mutual_info_score

    return np.array([[mutual_info_score(f.bins, z.bins) for f in factors] for z in latents])


def entropy(factors: Sequence[Variable]) -> np.ndarray:
    """Entropy of the binned factors in nats, shape (k,)."""
    from scipy.special import entr

    shares = [np.bincount(f.bins) / len(f.bins) for f in factors]
    return np.array([entr(share).sum() for share in shares])


def predictability(
    latents: Sequence[Variable], factors: Sequence[Variable], train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """How well one latent alone predicts a factor by a linear model, shape (d, k)."""
    return np.array([[_predicted_by(z, f, train, test) for f in factors] for z in latents])


def _predicted_by(latent: Variable, factor: Variable, train: np.ndarray, test: np.ndarray) -> float:
    from sklearn.linear_model import LinearRegression
    from sklearn.svm import LinearSVC

    z = latent.values
    if factor.is_number:
        line = LinearRegression().fit(z, factor.values[:, 0])
        return max(0.0, float(line.score(z, factor.values[:, 0])))
    classes = factor.bins
    if (classes[train] == classes[train][0]).all():
        return float((classes[test] == classes[train][0]).mean())
    machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
    return float(machine.fit(z[train], classes[train]).score(z[test], classes[test]))


def importance(
    latents: Sequence[Variable],
    factors: Sequence[Variable],
    train: np.ndarray,
    test: np.ndarray,
    random: np.random.RandomState,
    n_jobs: int | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Importances (d, k) in forests that predict a factor from all latents, and test scores (k,).

    The score is accuracy for a category, R² (not below 0) for a number.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    z = np.hstack([latent.values for latent in latents])
    starts = np.cumsum([0] + [latent.values.shape[1] for latent in latents[:-1]])
    columns, scores = [], []
    for factor in factors:
        forest = (RandomForestRegressor if factor.is_number else RandomForestClassifier)(
            TREES,
            max_features=1.0,
            max_depth=DEPTH,
            min_samples_leaf=SMALLEST_LEAF,
            max_samples=ROWS_OF_A_TREE,
            random_state=random.randint(np.iinfo(np.int32).max),
            n_jobs=n_jobs,
        )
        y = factor.values[:, 0] if factor.is_number else factor.bins
        forest.fit(z[train], y[train])
        columns.append(np.add.reduceat(forest.feature_importances_, starts))
        scores.append(max(0.0, float(forest.score(z[test], y[test]))))
    return np.stack(columns, axis=1), np.array(scores)


def votes(
    latents: Sequence[Variable], factors: Sequence[Variable], random: np.random.RandomState
) -> np.ndarray:
    """How often each latent varied least among rows that share a factor's value, (d, k), int.

    A vote draws a factor, a row, and a group of rows with the same value (bin) of that factor. The
    variance of a category is that of its one-hot levels, summed.
    """
    counts = np.zeros((len(latents), len(factors)), int)
    spread = np.array([latent.values.var(axis=0).sum() for latent in latents])
    alive = [i for i, variance in enumerate(spread) if variance > 0]
    groups = [_groups(factor.bins) for factor in factors]
    if not alive:
        return counts
    z = np.hstack([latents[i].values / np.sqrt(spread[i]) for i in alive])
    starts = np.cumsum([0] + [latents[i].values.shape[1] for i in alive[:-1]])
    for factor in random.randint(len(factors), size=VOTES):
        rows_of_value, share = groups[factor]
        if not len(share):
            continue
        rows = rows_of_value[random.choice(len(share), p=share)]
        group = z[rows[random.randint(len(rows), size=GROUP)]]
        variance = np.add.reduceat(group.var(axis=0), starts)
        counts[alive[int(variance.argmin())], factor] += 1
    return counts


def _groups(bins: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows of every value that more than one row has, and the share of each among them."""
    order = np.argsort(bins, kind="stable")
    ends = np.flatnonzero(np.diff(bins[order])) + 1
    groups = [rows for rows in np.split(order, ends) if len(rows) > 1]
    sizes = np.array([len(rows) for rows in groups], dtype=np.float64)
    return groups, sizes / sizes.sum() if len(sizes) else sizes
