"""Attacks on models whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec import VAE, AutoEncoder, TableEncoder, evaluate
from entivec.evaluate._privacy import _place, _relinked, _to_closest


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    frame["level"] = rng.choice(["p", "q", "r"], n)
    return frame


TRAIN, HOLDOUT, FRESH = (rows(200, seed) for seed in range(3))


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoEncoder(2, max_steps=30).fit(TRAIN)


def test_copies_are_told_from_fresh_rows(model: Any) -> None:
    copied = evaluate.privacy(model, TRAIN, HOLDOUT, sample=TRAIN)
    assert copied.scores["sample_auc"] == 1
    assert copied.scores["nearer_to_train"] == 1
    assert copied.scores["distance_to_train"] == 0
    assert copied.scores["distance_to_holdout"] > 0.5
    assert (copied.distances["to_train"] == 0).all()
    half = evaluate.privacy(
        model, TRAIN, HOLDOUT, sample=pd.concat([TRAIN[:100], HOLDOUT[:100]])
    ).scores
    assert half["nearer_to_train"] == pytest.approx(0.5)
    assert half["sample_auc"] == pytest.approx(0.5, abs=0.05)


def test_fresh_rows_leak_nothing(model: Any) -> None:
    found = evaluate.privacy(model, TRAIN, HOLDOUT, sample=FRESH)
    assert found.chance_error == pytest.approx(np.sqrt(401 / (12 * 200 * 200)))
    for name in ("sample_auc", "embedding_auc"):
        assert abs(found.scores[name] - 0.5) < 4 * found.chance_error
    assert "0.5 ± 0.029 by chance" in repr(found)


def test_a_model_that_learnt_noise_by_heart_gives_its_rows_away() -> None:
    rng = np.random.default_rng(0)
    train, holdout = rng.normal(size=(2, 30, 60))
    learnt = AutoEncoder(28, hidden_layer_sizes=(), noise=None, max_steps=5).fit(train)
    found = evaluate.privacy(learnt, train, holdout)
    assert found.scores["embedding_auc"] > 0.95
    assert found.scores[["sample_auc", "nearer_to_train", "distance_to_train"]].isna().all()
    assert found.distances.empty
    assert found.scores["relinked_train"] == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_models_that_sample_are_asked_for_samples() -> None:
    found = evaluate.privacy(VAE(2, max_steps=20).fit(TRAIN), TRAIN, HOLDOUT, n_rows=50)
    assert found.distances.shape == (50, 2)
    assert found.scores.notna().all()
    assert 0.2 < found.scores["nearer_to_train"] < 0.8


def test_the_same_call_gives_the_same_scores(model: Any) -> None:
    one, other = (
        evaluate.privacy(model, TRAIN, HOLDOUT, sample=FRESH, n_rows=60) for _ in range(2)
    )
    pd.testing.assert_series_equal(one.scores, other.scores)


def test_categories_that_differ_are_one_apart() -> None:
    table = TableEncoder(scale="none", continuous=["a"])
    frame = pd.DataFrame({"a": np.arange(40.0), "level": ["p", "q"] * 20})
    fitted = AutoEncoder(1, table=table, max_steps=2).fit(frame)
    points = _place(fitted, pd.DataFrame({"a": [0.0, 0.0, 3.0], "level": ["p", "q", "q"]}))
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.testing.assert_allclose(apart, [[0, 1, np.sqrt(10)], [1, 0, 3], [np.sqrt(10), 3, 0]])
    np.testing.assert_allclose(_to_closest(points[:1], points[1:]), [1])
    assert _relinked(points, points) == 1
    assert _relinked(points[[1, 0, 2]], points) == pytest.approx(1 / 3)


def test_rows_of_both_kinds_are_an_error(model: Any) -> None:
    labels = [f"C{i}" for i in range(200)]
    named = [part.set_axis(labels, axis=0) for part in (TRAIN, HOLDOUT)]
    with pytest.raises(ValueError, match="row 'C0' is in train and in holdout"):
        evaluate.privacy(model, *named)
    split = TRAIN.iloc[[5, 6, 7] * 5], TRAIN.iloc[5:20]
    with pytest.raises(ValueError, match="row 5 is in train and in holdout"):
        evaluate.privacy(model, *split)
    with pytest.raises(ValueError, match=r"train has 9 row\(s\) and holdout 200; at least 10"):
        evaluate.privacy(model, TRAIN[:9], HOLDOUT)
    with pytest.raises(ValueError, match=r"holdout: .*'level'"):
        evaluate.privacy(model, TRAIN, HOLDOUT.drop(columns="level"))
    with pytest.raises(TypeError, match="model must be a fitted estimator"):
        evaluate.privacy(TRAIN, TRAIN, HOLDOUT)
