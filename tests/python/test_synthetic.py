"""A synthetic table beside the real one: distances that are known, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from entivec import datasets
from entivec.evaluate import SyntheticCheck, synthetic_check
from entivec.evaluate._association import association
from entivec.table import TableEncoder

SCORES = [
    "marginal_distance", "missing_difference", "association_difference", "trained_on_real",
    "trained_on_sample", "trained_ratio",
]  # fmt: skip


def torn(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Every column shuffled by itself: the marginals stay, nothing else does."""
    random = np.random.RandomState(seed)
    return frame.apply(lambda column: column.sample(frac=1, random_state=random).to_numpy())


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return datasets.make_customers(2000, random_state=0).customers


@pytest.fixture(scope="module")
def good(real: pd.DataFrame) -> SyntheticCheck:
    return synthetic_check(real, datasets.make_customers(2000, random_state=1).customers)


@pytest.fixture(scope="module")
def bad(real: pd.DataFrame) -> SyntheticCheck:
    return synthetic_check(real, torn(real))


# What is measured


def test_more_of_the_same_is_good(good: SyntheticCheck) -> None:
    assert list(good.scores.index) == SCORES
    assert (good.target, good.metric) == ("loyalty_points", "r2")
    assert good.scores["marginal_distance"] < 0.03
    assert good.scores["missing_difference"] < 0.01
    assert good.scores["association_difference"] < 0.03
    assert good.scores["trained_on_real"] > 0.6
    assert good.scores["trained_ratio"] == pytest.approx(1, abs=0.15)


def test_a_copy_differs_in_nothing(real: pd.DataFrame) -> None:
    scores = synthetic_check(real, real.sample(frac=1, random_state=0)).scores
    np.testing.assert_allclose(scores[SCORES[:3]], 0, atol=1e-9)


def test_a_torn_table_keeps_its_marginals_only(bad: SyntheticCheck, good: SyntheticCheck) -> None:
    assert bad.scores["marginal_distance"] == pytest.approx(0, abs=1e-9)
    assert bad.scores["missing_difference"] == pytest.approx(0, abs=1e-9)
    assert bad.scores["association_difference"] > 3 * good.scores["association_difference"]
    assert bad.scores["trained_ratio"] < 0.2
    off_diagonal = bad.sample_association.to_numpy()[~np.eye(20, dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.15


def test_a_result_shows_its_scores(good: SyntheticCheck) -> None:
    assert repr(good).startswith("SyntheticCheck, target 'loyalty_points' (r2)\nmarginal_distance ")


def test_marginals_are_known_distances() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        {
            "number": np.arange(1000.0),
            "date": pd.date_range("2020-01-01", periods=1000),
            "text": ["a", "b", "b", "c"] * 250,
            "flag": [True, False] * 500,
            "seldom": ["u", "v", None, None] * 250,
            "gaps": np.where(np.arange(1000) < 100, np.nan, np.arange(1000)),
            "same": "x",
            "never": np.nan,
            "counts": pd.arrays.SparseArray(np.arange(1000) % 5, fill_value=0),
        }
    )
    sample = real.sample(frac=1, random_state=0, ignore_index=True)
    sample["number"] += 300
    sample["date"] = sample["date"].where(sample.index >= 250, pd.NaT)
    sample["text"] = ["b", "b", "c", "new"] * 250
    sample["flag"] = [True, True, True, False] * 250
    sample["seldom"] = ["u", "v", "u", "v"] * 250
    sample["same"] = ["x", "y", "x", None] * 250
    sample.loc[500:, "gaps"] = np.nan
    sample["never"] = rng.normal(size=1000)
    sample["counts"] = pd.arrays.SparseArray(np.zeros(1000, int), fill_value=0)
    check = synthetic_check(real, sample[real.columns[::-1]])
    marginals = check.marginals
    assert marginals["distance"].is_monotonic_decreasing
    assert marginals["kind"].to_dict() == {
        "number": "continuous",
        "date": "datetime",
        "text": "categorical",
        "flag": "categorical",
        "seldom": "categorical",
        "gaps": "continuous",
        "same": "constant",
        "never": "missing",
        "counts": "continuous",
    }
    distance = marginals["distance"]
    assert distance["number"] == pytest.approx(0.3)
    assert distance["date"] < 0.05
    assert distance["text"] == pytest.approx(0.25)
    assert distance["flag"] == pytest.approx(0.25)
    assert distance["seldom"] == 0  # over observed cells
    assert distance["gaps"] < 0.06
    assert distance["same"] == pytest.approx(1 / 3)
    assert distance["never"] == 1
    assert distance["counts"] == pytest.approx(0.8)
    missing = marginals[["missing_real", "missing_sample"]]
    assert missing.loc["date"].tolist() == [0, 0.25]
    assert missing.loc["same"].tolist() == [0, 0.25]
    assert missing.loc["never"].tolist() == [1, 0]
    difference = (missing["missing_sample"] - missing["missing_real"]).abs()
    assert check.scores["missing_difference"] == pytest.approx(difference.mean())
    assert check.scores["marginal_distance"] == pytest.approx(distance.mean())
    varying = ["number", "date", "text", "flag", "seldom", "gaps", "counts"]
    assert list(check.real_association.index) == list(check.sample_association) == varying
    assert (check.sample_association.loc["counts"].drop("counts") == 0).all()


def test_a_column_that_the_sample_lacks_throughout_is_as_far_as_can_be() -> None:
    real = pd.DataFrame({"a": np.arange(50.0), "b": ["x", "y"] * 25, "c": "one"})
    sample = real.assign(a=np.nan, b=None, c=None)
    check = synthetic_check(real, sample)
    assert (check.marginals["distance"] == 1).all()
    assert np.isnan(check.scores["trained_on_sample"])


# Association


def associated(frame: pd.DataFrame) -> pd.DataFrame:
    encoder = TableEncoder(parse="never", text_components=0)
    blocks = encoder.fit_transform(frame)
    return pd.DataFrame(association(encoder.layout_, blocks), frame.columns, frame.columns)


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 800
    a = rng.normal(size=n)
    kind = rng.integers(4, size=n)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": np.exp(-a + 0.5 * rng.normal(size=n)),
            "kind": np.array(list("wxyz"))[kind],
            "like": np.where(rng.random(n) < 0.6, kind, rng.integers(4, size=n)).astype(str),
            "by kind": kind + rng.normal(size=n),
            "alone": rng.choice(list("pqrstu"), n),
        }
    )
    frame.loc[rng.random(n) < 0.1, "b"] = np.nan
    frame.loc[rng.random(n) < 0.1, "like"] = None
    return frame


def test_association_of_numbers_is_spearmans(pairs: pd.DataFrame) -> None:
    found = associated(pairs)
    known = pairs[["a", "b"]].dropna()
    assert found.loc["a", "b"] == pytest.approx(stats.spearmanr(known)[0], abs=0.01)
    whole = stats.spearmanr(pairs["a"], pairs["by kind"])[0]
    assert found.loc["a", "by kind"] == pytest.approx(whole, abs=1e-6)


def test_association_of_categories_is_cramers_v(pairs: pd.DataFrame) -> None:
    known = pairs[["kind", "like"]].dropna()
    n = len(known)
    square = stats.chi2_contingency(pd.crosstab(*known.to_numpy().T), correction=False)[0] / n
    corrected = (square - 9 / (n - 1)) / (4 - 9 / (n - 1) - 1)  # Bergsma 2013
    found = associated(pairs)
    assert found.loc["kind", "like"] == pytest.approx(np.sqrt(corrected), abs=1e-9)
    assert found.loc["like", "kind"] == found.loc["kind", "like"]
    assert found.loc["kind", "alone"] < 0.06


def test_association_of_both_is_the_correlation_ratio(pairs: pd.DataFrame) -> None:
    encoder = TableEncoder()
    number = encoder.fit_transform(pairs[["by kind"]]).dense[:, 0].astype(float)
    groups = [number[pairs["kind"] == level] for level in "wxyz"]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    n = len(number)
    epsilon = 1 - within / (n - 4) / number.var(ddof=1)
    assert associated(pairs).loc["kind", "by kind"] == pytest.approx(np.sqrt(epsilon), abs=1e-6)


def test_association_does_not_grow_by_chance() -> None:
    rng = np.random.default_rng(0)
    few = pd.DataFrame({"a": rng.integers(12, size=150).astype(str), "b": rng.normal(size=150)})
    few["c"] = rng.integers(12, size=150).astype(str)
    found = associated(few).to_numpy()[~np.eye(3, dtype=bool)]
    assert found.mean() < 0.12
    assert found.max() < 0.25  # uncorrected all are about 0.27


def test_columns_that_are_functions_of_each_other_have_one() -> None:
    level = np.arange(400) % 5
    frame = pd.DataFrame({"a": level + 0.0, "b": -level + 0.0, "c": level.astype(str)})
    frame["d"] = frame["c"].map(dict(zip("01234", "vwxyz", strict=True)))
    found = associated(frame)
    assert found.loc["a", "b"] == pytest.approx(-1)
    np.testing.assert_allclose(found.drop(index=["a", "b"], columns=["a", "b"]), 1, atol=1e-6)
    np.testing.assert_allclose(found.loc[["a", "b"], ["c", "d"]], 1, atol=1e-6)


# Train on synthetic, test on real


def labelled(n: int = 1200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "x": x,
            "noise": rng.normal(size=n),
            "sign": np.where(x + 0.5 * rng.normal(size=n) > 0, "up", "down"),
            "part": np.array(["low", "mid", "high"])[np.digitize(x, [-0.5, 0.5])],
        }
    )


@pytest.mark.parametrize(("target", "metric"), [("sign", "auc"), ("part", "auc"), ("x", "r2")])
def test_a_given_target_is_predicted(target: str, metric: str) -> None:
    check = synthetic_check(labelled(), labelled(seed=1), target=target)
    assert (check.target, check.metric) == (target, metric)
    assert check.scores["trained_on_real"] > 0.6
    assert check.scores["trained_ratio"] == pytest.approx(1, abs=0.15)


def test_the_ratio_is_of_the_lead_over_chance() -> None:
    scores = synthetic_check(labelled(), torn(labelled(seed=1)), target="sign").scores
    lead, rest = scores["trained_on_real"] - 0.5, scores["trained_on_sample"] - 0.5
    assert lead > 0.3
    assert scores["trained_ratio"] == pytest.approx(rest / lead)


def test_a_class_that_the_sample_lost_is_not_known() -> None:
    one = labelled(seed=1).assign(sign="up")
    scores = synthetic_check(labelled(), one, target="sign").scores
    assert scores["trained_on_sample"] == 0.5
    assert scores["trained_ratio"] == 0
    two = labelled(seed=1).query("part != 'mid'")
    scores = synthetic_check(labelled(), two, target="part").scores
    assert 0.6 < scores["trained_on_sample"] < scores["trained_on_real"]


def test_gaps_of_the_target_are_left_out() -> None:
    real = labelled()
    real.loc[::3, "sign"] = None
    check = synthetic_check(real, real, target="sign")
    assert check.scores["trained_on_real"] > 0.8


def test_by_default_the_best_known_column_is_predicted() -> None:
    real = labelled().drop(columns="part")
    assert synthetic_check(real, real).target in ("x", "sign")
    names = pd.Series([f"n{i % 40}" for i in range(1200)])
    real = pd.DataFrame({"name": names, "again": names, "x": real["x"], "sign": real["sign"]})
    assert synthetic_check(real, real).target in ("x", "sign")  # not one of forty classes


def test_a_single_column_has_nothing_to_be_predicted_from() -> None:
    one = labelled()[["x"]]
    check = synthetic_check(one, one)
    assert check.target is None
    assert check.scores[["association_difference", "trained_ratio"]].isna().all()
    assert check.scores["marginal_distance"] == 0


def test_arrays_have_positions() -> None:
    real = labelled()[["x", "noise"]].to_numpy()
    check = synthetic_check(real, labelled(seed=1)[["x", "noise"]].to_numpy(), target=1)
    assert check.target == 1
    assert set(check.marginals.index) == {0, 1}


def test_columns_of_any_dtype_and_name() -> None:
    rng = np.random.default_rng(0)
    n = 200
    real = pd.DataFrame(
        {
            ("a", 1): pd.array(rng.integers(9, size=n), dtype="Int64"),
            ("a", 2): pd.array(rng.choice(["x", "y"], n), dtype="string"),
            ("b", 1): pd.date_range("2024", periods=n, freq="6min", tz="Europe/Berlin"),
            ("b", 2): pd.to_timedelta(rng.integers(999, size=n), unit="s"),
            ("c", 1): pd.Series([1, "x", None, True] * 50, dtype=object),
            ("c", 2): [f"id{i}" for i in range(n)],
            ("d", 1): pd.array(rng.choice([True, False, None], n), dtype="boolean"),
            ("d", 2): pd.Categorical([None] * n),
        }
    )
    real.iloc[::7, 0] = pd.NA
    assert real.columns.nlevels == 2
    check = synthetic_check(real, real.sample(frac=1, random_state=0), target=("a", 2))
    assert check.target == ("a", 2)
    assert set(check.marginals.index) == set(real.columns)
    np.testing.assert_allclose(check.scores[SCORES[:3]], 0, atol=1e-9)
    with pytest.raises(ValueError, match="target names no column of df: 'a'"):
        synthetic_check(real, real, target="a")


def test_a_sample_of_the_rows_follows_the_seed() -> None:
    first, again, other = (
        synthetic_check(labelled(), labelled(seed=1), n_rows=300, random_state=seed).scores
        for seed in (1, 1, 2)
    )
    pd.testing.assert_series_equal(first, again)
    assert not np.allclose(first, other)


def test_the_tables_stay_as_they_were(real: pd.DataFrame) -> None:
    before, sample = real.copy(), torn(real)
    kept = sample.copy()
    synthetic_check(real, sample, n_rows=200)
    pd.testing.assert_frame_equal(real, before)
    pd.testing.assert_frame_equal(sample, kept)


# What is refused


@pytest.mark.parametrize(
    ("sample", "options", "message"),
    [
        (labelled().drop(columns="sign"), {}, "sample: column 'sign' is missing"),
        (labelled().assign(extra=1), {}, "sample: column 'extra' was not there"),
        (labelled().assign(x="text"), {}, "sample: column 'x' held numbers .* now holds 'text'"),
        (labelled().assign(x=np.inf), {}, "sample: column 'x' holds an infinite value"),
        (labelled()[:0], {}, r"sample: Found array with 0 sample\(s\)"),
        (labelled(), {"target": "sing"}, r"target names no column .* mean 'sign'\?\); its columns"),
        (labelled(), {"n_rows": 0}, "n_rows must be a whole number of at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_an_error(sample: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthetic_check(labelled(), sample, **options)


def test_errors_of_the_real_table_say_so() -> None:
    with pytest.raises(ValueError, match="df: column 'x' holds an infinite value"):
        synthetic_check(labelled().assign(x=np.inf), labelled())
    twice = labelled().set_axis(["x", "x", "sign", "part"], axis=1)
    with pytest.raises(ValueError, match="df: two columns are named 'x'"):
        synthetic_check(twice, labelled())
    constant = labelled().assign(sign="up")
    with pytest.raises(ValueError, match=r"target 'sign' does not vary in df, .* name another"):
        synthetic_check(constant, constant, target="sign")
