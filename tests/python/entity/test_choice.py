"""choose_model: estimators compared on held-out rows, PCA beside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.entity import choice
from entivec.entity.choice import MODELS, choose_model


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Every model in a few steps."""
    for name, make in list(MODELS.items()):
        monkeypatch.setitem(MODELS, name, lambda make=make: make().set_params(max_steps=40))


@pytest.fixture(scope="module")
def rows():
    """Numbers of two causes and noise, and what one of the causes decides."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(300, 2))
    X = pd.DataFrame(causes @ rng.normal(size=(2, 8)) + 0.3 * rng.normal(size=(300, 8)))
    y = pd.Series(np.where(causes[:, 0] > 0, "high", "low"))
    return X.add_prefix("x"), y, causes


def test_all_models_are_compared_and_pca_beside(rows):
    found = choose_model(rows[0], n_components=2)
    assert set(found.comparison.index) == {*MODELS, "pca"}
    assert found.comparison["explained_variance"].is_monotonic_decreasing
    assert found.comparison["chosen"].sum() == 1
    assert found.comparison.loc[found.name, "chosen"]
    best = found.comparison.drop(index="pca")["explained_variance"]
    assert best.idxmax() == found.name
    assert found.model.fit(rows[0]).n_components_ == 2


def test_pca_is_that_of_scikit_learn(rows):
    from sklearn.decomposition import PCA

    X = (rows[0] - rows[0].mean()) / rows[0].std(ddof=0)
    table = entivec.TableEncoder(scale="standard")
    found = choose_model(X, n_components=2, models=["linear"], table=table)
    train, test = choice._split(len(X), None, 0)
    scaled = (X - X.iloc[train].mean()) / X.iloc[train].std(ddof=0)
    pca = PCA(2).fit(scaled.iloc[train])
    left = scaled.iloc[test] - pca.inverse_transform(pca.transform(scaled.iloc[test]))
    expected = 1 - (left**2).sum(axis=None) / (scaled.iloc[test] ** 2).sum(axis=None)
    assert found.comparison.loc["pca", "explained_variance"] == pytest.approx(expected, abs=1e-4)


def test_targets_choose_by_what_they_are_predicted_by(rows):
    X, y, causes = rows
    found = choose_model(X, y, n_components=2, models=["linear", "dense"])
    assert found.comparison["score"].between(0.9, 1.0).all()
    numbers = choose_model(
        X, pd.DataFrame({"kind": y, "size": causes[:, 1]}), n_components=2, models=["linear"]
    )
    assert numbers.comparison.loc["linear", "score of size"] > 0.8
    with pytest.raises(ValueError, match="y has 10 labels, and a choice by them needs 40"):
        choose_model(X, y.where(y.index < 10))


def test_rows_of_a_group_are_held_out_together():
    groups = np.repeat(np.arange(50), 4)
    train, test = choice._split(200, groups, 0)
    assert not set(groups[train]) & set(groups[test])
    assert len(test) == 40


def test_slow_models_are_left_out_of_wide_tables_and_shown(rows, monkeypatch):
    monkeypatch.setattr(choice, "MOST_COLUMNS", 7)
    found = choose_model(rows[0], n_components=2)
    assert found.comparison.loc[["conv", "deep_cae"], "explained_variance"].isna().all()
    asked = choose_model(rows[0], n_components=2, models=["conv"])
    assert asked.comparison["explained_variance"].notna().all()


def test_bad_choices_are_named(rows):
    with pytest.raises(ValueError, match="models has 'svm'; choose from"):
        choose_model(rows[0], models=["svm"])
    with pytest.raises(ValueError, match="X has 20 rows, and a choice needs 50"):
        choose_model(rows[0].iloc[:20])


def test_an_embedder_says_what_it_chose_by(rows, tmp_path):
    X, y, _ = rows
    frames = {"rows": X.assign(id=X.index)}
    model = entivec.EntityEmbedder("id", model=["linear", "vae"], n_components=2)
    model.fit(frames, y.rename_axis("id"))
    assert set(model.comparison_.index) == {"linear", "vae", "pca"}
    assert "score" in model.comparison_
    assert "pca" in model.summary()
    model.save(tmp_path / "m.entivec")
    again = entivec.load(tmp_path / "m.entivec")
    pd.testing.assert_frame_equal(again.comparison_, model.comparison_)
