"""Train on synthetic, test on real: a model of one column learnt from either table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from entivec.table import Blocks, Layout

HELD_OUT = 0.3
MOST_CLASSES = 10  # of a target that is not chosen by the user: every class costs a tree a round
CHANCE = {"auc": 0.5, "r2": 0.0}


@dataclass(frozen=True)
class Target:
    """One column to predict from the others.

    Attributes
    ----------
    source : int
        Its position in ``layout.sources``.
    column : int
        The column of its block: codes of a category, else dense (of a date the elapsed days).
    is_category : bool
    """

    source: int
    column: int
    is_category: bool

    @classmethod
    def of(cls, layout: Layout, source: int) -> Target:
        """Find a column of the table in its block."""
        is_category = bool((layout.code_source == source).any())
        where = layout.code_source if is_category else layout.dense_source
        return cls(source, int((where == source).argmax()), is_category)

    @property
    def metric(self) -> str:
        """What a prediction is scored by."""
        return "auc" if self.is_category else "r2"

    def labels(self, blocks: Blocks) -> np.ndarray:
        """Classes or numbers of the target, NaN where missing."""
        if not self.is_category:
            return blocks.dense[:, self.column].astype(np.float64)
        codes = blocks.codes[:, self.column]
        return np.where(codes > 0, codes, np.nan)


def best_known(layout: Layout, association: np.ndarray) -> int:
    """Return the column that the others tell most about, among those cheap to predict."""
    known = np.abs(association) - np.eye(len(association))
    strength = known.mean(axis=1)
    for source, levels, first in zip(
        layout.code_source, layout.levels, layout.first_target, strict=True
    ):
        if levels - first > MOST_CLASSES:
            strength[source] = -1
    return int(strength.argmax())


def transfer(
    layout: Layout, target: Target, real: Blocks, sample: Blocks, random: np.random.RandomState
) -> tuple[float, float]:
    """Scores on held-out real rows of a model trained on real rows, and of one on the sample.

    Both train on equally many rows. NaN where there are too few real rows or classes.
    """
    from threadpoolctl import threadpool_limits

    held_out, rest = _split(real, target, random)
    generated = sample.rows(_known(sample, target))
    size = min(len(rest.dense), len(generated.dense))
    if size < 2 or len(held_out.dense) < 2:
        return float("nan"), float("nan")
    generated = generated.rows(random.permutation(len(generated.dense))[:size])
    seed = random.randint(np.iinfo(np.int32).max)
    # So few rows leave threads waiting for each other, on a busy machine longer than they work.
    with threadpool_limits(1, user_api="openmp"):
        learnt, imitated = (
            _score(layout, target, train, held_out, seed)
            for train in (rest.rows(slice(size)), generated)
        )
    return learnt, imitated


def above_chance(target: Target, real: float, sample: float) -> float:
    """What the sample's model reaches of the real one's lead over chance; NaN without a lead."""
    chance = CHANCE[target.metric]
    return (sample - chance) / (real - chance) if real > chance else float("nan")


def _known(blocks: Blocks, target: Target) -> np.ndarray:
    return np.flatnonzero(np.isfinite(target.labels(blocks)))


def _split(real: Blocks, target: Target, random: np.random.RandomState) -> tuple[Blocks, Blocks]:
    rows = random.permutation(_known(real, target))
    at = round(HELD_OUT * len(rows))
    return real.rows(rows[:at]), real.rows(rows[at:])


def _features(layout: Layout, target: Target, blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
    """All other columns (n, p), NaN where missing, and which of them are categories."""
    dense = blocks.dense[:, layout.dense_source != target.source]
    codes = blocks.codes[:, layout.code_source != target.source]
    is_category = np.repeat([False, True], [dense.shape[1], codes.shape[1]])
    return np.hstack([dense, codes]).astype(np.float64), is_category


def _score(layout: Layout, target: Target, train: Blocks, test: Blocks, seed: int) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.metrics import r2_score

    x, is_category = _features(layout, target, train)
    x_test, _ = _features(layout, target, test)
    y, y_test = target.labels(train), target.labels(test)
    if not target.is_category:
        boosting = HistGradientBoostingRegressor(
            categorical_features=is_category, random_state=seed
        )
        return float(r2_score(y_test, boosting.fit(x, y).predict(x_test)))
    probability = np.zeros((len(y_test), int(layout.levels[target.column])))
    if (y == y[0]).all():
        return mean_auc(probability, y_test)
    boosting = HistGradientBoostingClassifier(categorical_features=is_category, random_state=seed)
    boosting.fit(x, y)
    probability[:, boosting.classes_.astype(int)] = boosting.predict_proba(x_test)
    return mean_auc(probability, y_test)


def mean_auc(probability: np.ndarray, y: np.ndarray) -> float:
    """Mean over the classes of each one's area under the curve against the others."""
    from sklearn.metrics import roc_auc_score

    classes = np.unique(y).astype(int)
    if len(classes) < 2:
        return float("nan")
    return float(np.mean([roc_auc_score(y == c, probability[:, c]) for c in classes]))
