"""Outliers: scikit-learn's checks, planted oddities found and explained, files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import entivec
from entivec import VAE, AutoEncoder, OutlierDetector
from entivec.rows.reasons import reasons


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([OutlierDetector(AutoEncoder(max_steps=20))])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def spends(n=400, seed=0):
    """Numbers that follow from one size, a group that follows from it, gaps."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    frame = pd.DataFrame(
        {f"spend {i}": size * (i + 1) + 0.1 * rng.normal(size=n) for i in range(4)}
    )
    frame["group"] = np.where(size > 0, "large", "small")
    frame.index = [f"C{i:03}" for i in range(n)]
    frame.loc["C009", "spend 0"] = np.nan
    return frame


@pytest.fixture(scope="module")
def fitted():
    frame = spends()
    frame.loc["C007", "spend 2"] = -6.0 if frame.loc["C007", "spend 1"] > 0 else 6.0
    at = frame["spend 3"].idxmax()
    frame.loc[at, "group"] = "small"
    return frame, at, OutlierDetector(AutoEncoder(1), contamination=0.02).fit(frame)


def test_planted_oddities_are_flagged_and_explained(fitted):
    frame, at, detector = fitted
    flagged = frame.index[detector.predict(frame) == -1]
    assert len(flagged) == 8
    assert {"C007", at} <= set(flagged)
    why = detector.explain(frame)
    assert list(why.columns) == [
        "row", "rank", "column", "value", "expected", "error", "usual_error"
    ]  # fmt: skip
    assert why["row"].nunique() == len(flagged)
    first = why[why["rank"] == 1].set_index("row")
    assert first.loc["C007", "column"] == "spend 2"
    assert first.loc["C007", "value"] == frame.loc["C007", "spend 2"]
    assert np.sign(first.loc["C007", "expected"]) == -np.sign(first.loc["C007", "value"])
    assert first.loc[at, "column"] == "group"
    assert (first.loc[at, "value"], first.loc[at, "expected"]) == ("small", "large")
    # The oddest row first, within a row by falling excess.
    order = pd.Series(detector.decision_function(frame), frame.index)
    assert why["row"].drop_duplicates().tolist() == order.nsmallest(8).index.tolist()
    excess = why["error"] - why["usual_error"]
    assert excess.groupby(why["row"]).apply(lambda own: own.is_monotonic_decreasing).all()
    assert (why.groupby("row")["rank"].max() <= 3).all()
    assert detector.explain(frame, n=1)["rank"].eq(1).all()


def test_errors_are_those_of_the_model(fitted):
    frame, _, detector = fitted
    errors = detector.model_.reconstruction_error(frame, per_column=True)
    pd.testing.assert_series_equal(detector.usual_error_, errors.mean(), check_dtype=False)
    why = detector.explain(frame)
    told = [errors.loc[row, column] for row, column in zip(why["row"], why["column"], strict=True)]
    np.testing.assert_allclose(why["error"], told)
    np.testing.assert_allclose(
        detector.decision_function(frame), detector.score_samples(frame) - detector.offset_
    )


def test_rows_that_fit_in_are_not_explained(fitted):
    frame, _, detector = fitted
    usual = frame[detector.predict(frame) == 1]
    assert detector.explain(usual).empty


def test_a_row_without_any_cell_is_no_outlier(fitted):
    frame, _, detector = fitted
    nothing = frame.mask(np.ones(frame.shape, bool)).iloc[:2]
    assert np.isnan(detector.score_samples(nothing)).all()
    assert detector.predict(nothing).tolist() == [1, 1]


def test_arrays_are_explained_by_position():
    array = spends().drop(columns="group").to_numpy(copy=True)
    array[5] = [9, -9, 9, -9]
    detector = OutlierDetector(AutoEncoder(1, max_steps=50), contamination=0.01).fit(array)
    why = detector.explain(array)
    assert why["row"].iloc[0] == 5
    assert set(why["column"]) <= {0, 1, 2, 3}
    assert why["value"].iloc[0] == array[5, why["column"].iloc[0]]
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.abs(array[10:]).round())
    why = OutlierDetector(AutoEncoder(1, max_steps=20)).fit(sparse).explain(sparse)
    assert set(why["column"]) == {"bag"}
    assert why["value"].isna().all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_likelihoods_serve_as_well():
    frame = spends()
    frame.loc["C003", "spend 0"] = 40.0
    detector = OutlierDetector(VAE(1, max_steps=200), contamination=0.01).fit(frame)
    assert detector.predict(frame)[3] == -1
    np.testing.assert_allclose(
        detector.score_samples(frame), detector.model_.score_samples(frame), rtol=1e-6
    )


def test_it_is_saved_and_loaded(fitted, tmp_path):
    frame, _, detector = fitted
    detector.save(tmp_path / "detector.entivec")
    loaded = entivec.load(tmp_path / "detector.entivec")
    assert isinstance(loaded, OutlierDetector)
    assert loaded.contamination == 0.02
    assert loaded.model.n_components == 1
    np.testing.assert_array_equal(
        loaded.decision_function(frame), detector.decision_function(frame)
    )
    pd.testing.assert_frame_equal(loaded.explain(frame), detector.explain(frame))
    assert list(loaded.feature_names_in_) == list(frame)


def test_the_model_given_is_left_alone_and_what_is_wrong_is_said():
    model = AutoEncoder(1, max_steps=20)
    detector = OutlierDetector(model).fit(spends(50))
    assert not hasattr(model, "network_")
    former = detector.model_
    with pytest.raises(ValueError, match="'contamination' parameter of OutlierDetector"):
        detector.set_params(contamination=0.7).fit(spends(50))
    with pytest.raises(ValueError, match="'model' parameter of OutlierDetector"):
        OutlierDetector("AutoEncoder").fit(spends(50))
    assert detector.model_ is former
    with pytest.raises(ValueError, match="n must be a whole number of at least 1, got 0"):
        detector.explain(spends(5), n=0)


def test_what_is_usual_of_a_column_is_no_reason(fitted):
    frame, _, detector = fitted
    model, row = detector.model_, np.array([7])
    told = reasons(model, frame, row, detector.usual_error_, 5)
    assert told["column"].iloc[0] == "spend 2"
    usual = detector.usual_error_.copy()
    usual["spend 2"] += told["error"].iloc[0]
    assert "spend 2" not in reasons(model, frame, row, usual, 5)["column"].tolist()
