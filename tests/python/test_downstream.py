"""Downstream scores: nothing sees a test row, known answers, differences by hand."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from entivec import AutoEncoder, EntityEmbedder, datasets, evaluate

pytestmark = pytest.mark.slow

N = 240


def customers() -> tuple[pd.DataFrame, pd.Series[Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 3))
    index = pd.Index([f"C{i:03}" for i in range(N)], name="customer")
    frame = pd.DataFrame(x, index, ["a", "b", "noise"])
    frame["level"] = rng.choice(["p", "q", "r"], N)
    frame.loc[index[:9], "a"] = np.nan
    chance = 1 / (1 + np.exp(-2 * (x[:, 0] + x[:, 1])))
    return frame, pd.Series(np.where(rng.random(N) < chance, "yes", "no"), index)


class Columns(BaseEstimator):
    """Embeds by handing through some columns; remembers what it was shown."""

    seen: ClassVar[list[tuple[pd.Index, Any]]] = []

    def __init__(self, names: Any = ("b",)) -> None:
        self.names = names

    def fit(self, X: Any, y: Any = None) -> Columns:
        self.seen.append((X.index, y))
        self.fitted_ = X.index
        return self

    def transform(self, X: Any) -> Any:
        self.seen.append((X.index, self.fitted_))
        return X[list(self.names)]


@pytest.fixture
def seen() -> list[tuple[pd.Index, Any]]:
    Columns.seen.clear()
    return Columns.seen


FRAME, CHURN = customers()


def test_no_encoder_sees_a_test_row(seen: list[tuple[pd.Index, Any]]) -> None:
    evaluate.downstream(FRAME, CHURN, Columns(), models="linear", cv=4, few=None)
    assert len(seen) == 12  # a fold: fit, codes of training rows, codes of test rows
    tested = pd.Index([])
    for (train, y), (again, _), (test, fitted) in zip(
        seen[::3], seen[1::3], seen[2::3], strict=True
    ):
        assert y is None
        assert again.equals(train)
        assert fitted.equals(train)
        assert not len(test.intersection(train))
        tested = tested.append(test)
    assert tested.sort_values().equals(FRAME.index)


def test_guided_encoders_get_the_labels_of_their_rows(seen: list[tuple[pd.Index, Any]]) -> None:
    evaluate.downstream(FRAME, CHURN, Columns(), models="linear", cv=2, few=None, guided=True)
    train, y = seen[0]
    pd.testing.assert_series_equal(y, CHURN[train], check_names=False)


def test_scores_are_those_of_scikit_learn_fold_by_fold() -> None:
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    found = evaluate.downstream(
        FRAME[["b", "noise"]], CHURN, Columns(["b"]), models="linear", cv=folds, few=None
    )
    own = found.scores.set_index(["features", "fold"])["score"]
    for fold, (train, test) in enumerate(folds.split(FRAME, CHURN)):
        for features, names in {"columns": ["b"], "raw": ["b", "noise"]}.items():
            x = StandardScaler().fit(FRAME[names].iloc[train]).transform(FRAME[names])
            model = LogisticRegression(max_iter=1000).fit(x[train], CHURN.iloc[train])
            expected = roc_auc_score(CHURN.iloc[test] == "yes", model.predict_proba(x[test])[:, 1])
            # The raw table is read by our codec, which draws in what is far out.
            near = 1e-9 if features == "columns" else 0.01
            assert own[features, fold] == pytest.approx(expected, abs=near)


def test_differences_are_paired_with_the_error_of_overlapping_folds() -> None:
    found = evaluate.downstream(FRAME, CHURN, Columns(["a", "b"]), cv=3, few=60)
    assert found.metric == "auc"
    assert found.summary.index.tolist() == ["raw", "PCA", "columns", "raw + columns"]
    assert found.summary.shape == (4, 4)
    assert set(found.scores["labels"]) == {"all", "60"}
    assert len(found.differences) == 2 * 2 * 3
    row = found.differences.query("model == 'linear' & labels == 'all' & against == 'PCA'").iloc[0]
    assert row["features"] == "columns"
    wide = found.scores.query("model == 'linear' & labels == 'all'").set_index(["features", "fold"])
    apart = (wide["score"]["columns"] - wide["score"]["PCA"]).to_numpy()
    assert row["difference"] == pytest.approx(apart.mean())
    # Nadeau and Bengio: a third tested, two thirds trained on.
    assert row["standard_error"] == pytest.approx(apart.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2))
    assert found.summary.loc["PCA", ("linear", "all")] == pytest.approx(wide["score"]["PCA"].mean())
    assert "standard_error" in repr(found)


def test_what_tells_everything_scores_one_and_what_tells_nothing_a_half() -> None:
    told = FRAME.assign(told=(CHURN == "yes") * 1.0)
    found = evaluate.downstream(
        told,
        CHURN,
        {"all": Columns(["told"]), "nothing": Columns(["noise"])},
        cv=2,
        few=100,
    ).summary
    assert (found.loc["all"] == 1).all()
    assert found.loc["nothing"].sub(0.5).abs().max() < 0.12
    # Both are one component wide: PCA stands there once.
    names = ["raw", "PCA", "all", "raw + all", "nothing", "raw + nothing"]
    assert found.index.tolist() == names
    wide = evaluate.downstream(
        told, CHURN, {"two": Columns(["a", "b"]), "one": Columns()}, models="linear", cv=3, few=None
    )
    assert wide.summary.index[1] == "PCA as wide as two"
    against = wide.differences.query("features == 'one'")["against"]
    assert against.tolist() == ["PCA as wide as one", "raw", "two"]


def test_labels_are_met_by_index_and_may_be_missing() -> None:
    options: dict[str, Any] = {"models": "linear", "cv": 3, "few": None}
    whole = evaluate.downstream(FRAME, CHURN, Columns(), **options).scores
    turned = evaluate.downstream(FRAME, CHURN.iloc[::-1], Columns(), **options).scores
    pd.testing.assert_frame_equal(turned, whole)
    gaps = CHURN.where(np.arange(N) % 4 > 0)
    known = gaps.notna()
    part = evaluate.downstream(FRAME, gaps, Columns(), **options).scores
    fewer = evaluate.downstream(FRAME[known], CHURN[known], Columns(), **options).scores
    pd.testing.assert_frame_equal(part, fewer)
    absent = evaluate.downstream(FRAME, gaps.dropna(), Columns(), **options).scores
    pd.testing.assert_frame_equal(part, absent)
    as_array = evaluate.downstream(FRAME, CHURN.to_numpy(), Columns(), **options).scores
    pd.testing.assert_frame_equal(as_array, whole)


def test_numbers_are_scored_by_r2() -> None:
    y = 3 * FRAME["b"] + 0.1 * FRAME["noise"]
    found = evaluate.downstream(FRAME, y, Columns(), models={"mine": Ridge(1e-6)}, cv=3, few=None)
    assert found.metric == "r2"
    assert found.summary.loc["columns", ("mine", "all")] > 0.99
    assert found.summary.loc["raw", ("mine", "all")] > 0.99


def test_several_classes_have_the_mean_of_their_areas() -> None:
    found = evaluate.downstream(FRAME, FRAME["level"], Columns(), cv=3, few=None)
    assert found.summary.loc["raw"].min() == 1  # the level is in the table
    assert found.summary.loc["columns"].sub(0.5).abs().max() < 0.15


def test_groups_stay_together(seen: list[tuple[pd.Index, Any]]) -> None:
    household = pd.Series(np.arange(N) // 4, FRAME.index)
    evaluate.downstream(
        FRAME, CHURN, Columns(), models="linear", cv=3, few=None, groups=household.iloc[::-1]
    )
    for (train, _), _, (test, _) in zip(seen[::3], seen[1::3], seen[2::3], strict=True):
        assert not set(household[train]) & set(household[test])


class Frames(BaseEstimator):
    """An embedder of frames that share an identifier: the mean amount."""

    shown: ClassVar[list[dict[str, pd.DataFrame]]] = []

    def __init__(self, entity: str = "customer") -> None:
        self.entity = entity

    def fit(self, X: Any, y: Any = None) -> Frames:
        self.shown.append(X)
        return self

    def transform(self, X: Any) -> Any:
        return X["orders"].groupby(self.entity)[["amount"]].mean()


def test_frames_that_share_an_identifier_are_cut_to_the_training_entities() -> None:
    rng = np.random.default_rng(0)
    orders = pd.DataFrame({"customer": rng.choice(FRAME.index[:-5], 1000)})
    orders["amount"] = (CHURN[orders["customer"]] == "yes").to_numpy() + rng.normal(size=1000)
    frames = {"orders": orders, "shops": pd.DataFrame({"shop": ["s"]})}
    Frames.shown.clear()
    found = evaluate.downstream(frames, CHURN, Frames(), models="linear", cv=3, few=None)
    assert found.summary.index.tolist() == ["frames"]
    assert found.summary.iloc[0, 0] > 0.75
    for shown in Frames.shown:
        assert len(shown["shops"]) == 1
        assert 140 < shown["orders"]["customer"].nunique() <= 160
    beside = evaluate.downstream(
        frames, CHURN, Frames(), raw=FRAME.iloc[::-1], models="linear", cv=3, few=None
    )
    assert beside.summary.index.tolist() == ["raw", "PCA", "frames", "raw + frames"]
    assert beside.summary.loc["raw + frames"].item() > beside.summary.loc["raw"].item()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": CHURN.to_numpy()[:9]}, "y must have one value per row: expected 240, got 9"),
        (
            {"y": CHURN.reset_index(drop=True)},
            "no row of X, such as 'C000', has a label; y is of 0",
        ),
        ({"y": CHURN.where(CHURN == "yes")}, "labels that differ; all are 'yes'"),
        ({"embedders": {"raw": Columns()}}, "'raw' is a name of ours"),
        ({"embedders": {}}, "embedders is empty"),
        ({"embedders": {"one": "PCA"}}, "estimator with fit and transform, .* got 'PCA'"),
        ({"models": ["linear", "forest"]}, "models must be names of .* got 'forest'"),
        ({"models": []}, "models is empty"),
        ({"cv": 1}, "cv must be at least 2 folds or a splitter, got 1"),
        ({"few": 0}, "few must be a whole number of at least 1, got 0"),
        ({"y": pd.Series(["x"] + ["z"] * (N - 1), FRAME.index)}, r"a class of y has 1 row\(s\)"),
        ({"X": {"a": FRAME}, "y": CHURN.to_numpy()}, "y must be a Series with every identifier"),
    ],
)
def test_what_cannot_be_judged_is_said(options: dict[str, Any], message: str) -> None:
    given = {"X": FRAME, "y": CHURN, "embedders": Columns()} | options
    with pytest.raises(ValueError, match=message):
        evaluate.downstream(**given)


def test_entity_embedder_is_judged_as_it_is() -> None:
    orders = datasets.make_orders(120, random_state=0)[["customer_id", "time", "amount"]]
    spent = orders.groupby("customer_id")["amount"].sum()
    rows = AutoEncoder(4, max_steps=20)
    found = evaluate.downstream(
        {"orders": orders},
        spent > spent.median(),
        EntityEmbedder("customer_id", model=rows),
        models="linear",
        cv=2,
        few=None,
    )
    assert found.summary.index.tolist() == ["entityembedder"]
    assert found.summary.iloc[0, 0] > 0.85


def test_few_labels_may_be_fewer_than_the_classes() -> None:
    y = pd.Series([f"class {i % 30}" for i in range(N)], FRAME.index)
    found = evaluate.downstream(FRAME, y, Columns(), models="linear", cv=2, few=10)
    assert found.summary.notna().all(axis=None)
