"""Disentanglement scores: representations whose scores are known, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from entivec import evaluate
from entivec.evaluate import Disentanglement, dci, disentanglement
from entivec.evaluate._dependence import _groups, entropy, votes
from entivec.evaluate._gaps import gap, majority_accuracy, modularity
from entivec.evaluate._variables import variables

pytestmark = pytest.mark.slow

HALF_OF_TEN = 1 - np.log(2) / np.log(10)  # two of ten share alike
SCORES = [
    "mig", "sap", "disentanglement", "completeness", "informativeness", "factor_vae", "modularity"
]  # fmt: skip


def drawn(n: int = 1200, k: int = 10, values: int = 10) -> np.ndarray:
    """Independent factors, uniform on whole numbers."""
    return np.random.default_rng(0).integers(values, size=(n, k)).astype(np.float64)


TEN, FIVE = drawn(), drawn(k=5)
RANDOM = np.random.default_rng(1)
CODES: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "identity": (TEN, TEN),
    "zeros": (np.zeros_like(TEN), TEN),
    "duplicated codes": (np.hstack([FIVE, FIVE]), FIVE),
    "one code for two factors": (FIVE, np.hstack([FIVE, FIVE])),
    "rotated": (FIVE @ np.linalg.qr(RANDOM.normal(size=(5, 5)))[0], FIVE),
    "noise": (RANDOM.normal(size=FIVE.shape), FIVE),
}


@pytest.fixture(scope="module")
def results() -> dict[str, Disentanglement]:
    return {name: disentanglement(*tables) for name, tables in CODES.items()}


# Representations whose scores are known


def test_identity_has_every_score(results: dict[str, Disentanglement]) -> None:
    scores = results["identity"].scores
    assert list(scores.index) == SCORES
    assert scores["mig"] >= 0.97
    assert scores["modularity"] >= 0.99
    exact = ["sap", "disentanglement", "completeness", "informativeness", "factor_vae"]
    np.testing.assert_allclose(scores[exact], 1, atol=0.005)


def test_zeros_have_none(results: dict[str, Disentanglement]) -> None:
    assert (results["zeros"].scores == 0).all()


def test_duplicated_codes_are_disentangled_and_incomplete(
    results: dict[str, Disentanglement],
) -> None:
    scores = results["duplicated codes"].scores
    assert scores["mig"] == pytest.approx(0, abs=1e-12)
    assert scores["sap"] == pytest.approx(0, abs=1e-12)
    assert scores["disentanglement"] == pytest.approx(1, abs=0.005)
    assert scores["completeness"] == pytest.approx(HALF_OF_TEN, abs=0.02)
    assert scores["informativeness"] == pytest.approx(1, abs=0.005)
    assert scores["factor_vae"] == 1
    assert scores["modularity"] >= 0.99


def test_one_code_for_two_factors_is_complete_and_entangled(
    results: dict[str, Disentanglement],
) -> None:
    scores = results["one code for two factors"].scores
    assert scores["disentanglement"] == pytest.approx(HALF_OF_TEN, abs=0.005)
    assert scores["completeness"] == pytest.approx(1, abs=0.005)
    assert scores["factor_vae"] == pytest.approx(0.5, abs=0.03)  # the vote of each is half wrong
    # One of nine other factors shares all of a code's information.
    assert scores["modularity"] == pytest.approx(1 - 1 / 9, abs=0.01)


def test_rotated_factors_are_known_but_not_apart(results: dict[str, Disentanglement]) -> None:
    scores = results["rotated"].scores
    assert scores["informativeness"] > 0.7
    assert scores["mig"] < 0.3
    assert scores["sap"] < 0.5
    assert scores["disentanglement"] < 0.7
    assert scores["completeness"] < 0.7


def test_noise_is_of_nothing(results: dict[str, Disentanglement]) -> None:
    scores = results["noise"].scores
    assert scores["mig"] < 0.01
    assert scores["sap"] < 0.01
    assert scores["disentanglement"] < 0.05
    assert scores["completeness"] < 0.05
    assert scores["informativeness"] == 0
    assert scores["factor_vae"] < 0.35


@pytest.mark.parametrize(
    ("importance", "d", "c"),
    [
        (np.eye(10), 1, 1),
        (5 * np.eye(7), 1, 1),
        (np.zeros((10, 10)), 0, 0),
        (np.ones((4, 6)), 0, 0),
        (np.vstack([np.eye(5), np.eye(5)]), 1, HALF_OF_TEN),
        (np.hstack([np.eye(5), np.eye(5)]), HALF_OF_TEN, 1),
        # A dead latent and a factor nobody knows count for nothing.
        (np.diag([1.0, 1, 0]), 1, 1),
        # Weighted by importance: 3 of 4 parts apart, 1 of 4 shared by both.
        ([[3, 0], [0.5, 0.5]], 3 / 4, None),
    ],
)
def test_dci_of_known_importances(importance: Any, d: float, c: float | None) -> None:
    scores = dci(importance)
    assert list(scores.index) == ["disentanglement", "completeness"]
    assert scores["disentanglement"] == pytest.approx(d, abs=1e-12)
    if c is not None:
        assert scores["completeness"] == pytest.approx(c, abs=1e-12)


def test_dci_of_one_has_no_entropy_to_compare() -> None:
    assert dci(np.ones((3, 1))).isna().to_dict() == {"disentanglement": True, "completeness": False}
    assert dci(np.ones((1, 3))).isna().to_dict() == {"disentanglement": False, "completeness": True}


def test_gap_is_to_the_second() -> None:
    np.testing.assert_allclose(gap(np.array([[1, 0.2], [0.7, 0.9], [0.3, 0.4]])), [0.3, 0.5])
    np.testing.assert_allclose(gap(np.array([[0.7, 0.2]])), [0.7, 0.2])


def test_modularity_of_known_information() -> None:
    assert modularity(np.eye(3)) == 1
    assert modularity(np.ones((2, 3))) == 0
    assert modularity(np.array([[2.0, 1, 1], [0, 0, 0]])) == pytest.approx((1 - 2 / 8) / 2)
    assert np.isnan(modularity(np.ones((2, 1))))


def test_majority_learns_on_other_votes() -> None:
    train, test = np.array([[9, 1], [0, 0], [2, 8]]), np.array([[5, 5], [1, 2], [0, 7]])
    assert majority_accuracy(train, test) == (5 + 1 + 7) / 20
    assert majority_accuracy(train, np.zeros((3, 2))) == 0
    assert np.isnan(majority_accuracy(train[:, :1], test[:, :1]))


# The matrices behind the scores


def test_matrices_are_latents_by_factors(results: dict[str, Disentanglement]) -> None:
    result = results["duplicated codes"]
    matrices = ("mutual_information", "predictability", "importance", "votes")
    for name in matrices:
        matrix = getattr(result, name)
        assert list(matrix.index) == [f"latent{i}" for i in range(10)], name
        assert list(matrix.columns) == [f"factor{i}" for i in range(5)], name
        assert (np.argsort(-matrix.to_numpy(), axis=0)[0] % 5 == np.arange(5)).all(), name
    np.testing.assert_allclose(result.importance.sum(), 1)
    assert result.votes.to_numpy().sum() == 5000
    own = np.diag(result.mutual_information.to_numpy()[:5])
    np.testing.assert_allclose(own, result.by_factor["entropy"])
    np.testing.assert_allclose(np.diag(result.predictability.to_numpy()[:5]), 1)


def test_scores_are_means_over_factors(results: dict[str, Disentanglement]) -> None:
    result = results["rotated"]
    names = ["mig", "sap", "informativeness"]
    assert list(result.by_factor) == ["entropy", *names]
    np.testing.assert_allclose(result.scores[names], result.by_factor[names].mean())
    expected = gap(result.mutual_information.to_numpy()) / result.by_factor["entropy"]
    np.testing.assert_allclose(result.by_factor["mig"], expected)
    pd.testing.assert_series_equal(
        dci(result.importance), result.scores[["disentanglement", "completeness"]]
    )


def test_a_result_shows_its_scores(results: dict[str, Disentanglement]) -> None:
    shown = repr(results["duplicated codes"])
    assert shown.startswith("Disentanglement of 10 latents, 5 factors\nmig ")
    assert all(name in shown for name in SCORES)


def test_the_scale_of_a_latent_does_not_matter() -> None:
    codes = CODES["rotated"][0]
    scaled = codes * [1e-4, 1, 10, 1e4, 1e6] + [0, 5, 0, 0, 1e7]
    first, other = (disentanglement(z, FIVE, n_rows=300).scores for z in (codes, scaled))
    np.testing.assert_allclose(first, other, atol=0.01)


def test_numbers_are_cut_into_bins_of_equal_width() -> None:
    number = np.array([0, 0.1, 0.9, 1.9, 3.9, 4.0] * 4)
    frame = pd.DataFrame({"many": number, "few": np.arange(24) % 4})
    read = variables("factors", frame, 4)
    assert read["many"].bins[:6].tolist() == [0, 0, 0, 1, 3, 3]
    assert read["few"].bins[:5].tolist() == [0, 1, 2, 3, 0]
    assert entropy(list(read.values()))[1] == pytest.approx(np.log(4))


# Categories, beside numbers


@pytest.fixture(scope="module")
def mixed() -> tuple[pd.DataFrame, Disentanglement]:
    rng = np.random.default_rng(3)
    factors = pd.DataFrame(
        {
            "size": rng.uniform(size=1500),
            "colour": pd.Categorical(rng.choice(["red", "green", "blue", "grey"], 1500)),
            "round": rng.random(1500) < 0.5,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, 1500), "D"),
        },
        index=[f"r{i}" for i in range(1500)],
    )
    latents = pd.DataFrame(
        {
            "z0": -np.exp(2 * factors["size"]),
            "c0": factors["colour"].map({"red": "0", "green": "1", "blue": "2", "grey": "3"}),
            "z1": 3 * factors["round"] + rng.normal(size=1500) * 0.1,
            "z2": (factors["since"] - pd.Timestamp("2024-06-01")).dt.days / 100,
            "dead": 0.25,
        }
    )
    return factors, disentanglement(latents, factors)


def test_a_discrete_latent_stands_for_a_category(mixed: Any) -> None:
    result = mixed[1]
    assert list(result.importance.index) == ["z0", "c0", "z1", "z2", "dead"]
    for name in ("mutual_information", "predictability", "importance", "votes"):
        best = getattr(result, name).idxmax().to_dict()
        assert best == {"size": "z0", "colour": "c0", "round": "z1", "since": "z2"}, name
    np.testing.assert_allclose(result.importance.sum(), 1)
    scores = result.scores
    assert scores["disentanglement"] > 0.98
    assert scores["completeness"] > 0.98
    assert scores["factor_vae"] > 0.99
    assert scores["modularity"] == pytest.approx(4 / 5, abs=0.02)  # the dead latent has none


def test_predictability_of_a_category_is_accuracy(mixed: Any) -> None:
    predictability = mixed[1].predictability
    assert predictability.loc["c0", "colour"] == 1
    assert predictability.loc["z1", "round"] == 1
    assert predictability.loc["dead", "colour"] == pytest.approx(0.25, abs=0.05)
    assert predictability.loc["z0", "size"] == pytest.approx(
        np.corrcoef(np.exp(2 * mixed[0]["size"]), mixed[0]["size"])[0, 1] ** 2, abs=1e-6
    )
    assert predictability.loc["dead", "size"] == 0


def test_a_latent_that_does_not_vary_gets_no_vote(mixed: Any) -> None:
    assert (mixed[1].votes.loc["dead"] == 0).all()
    assert (mixed[1].importance.loc["dead"] == 0).all()


def test_votes_are_of_rows_that_share_a_value() -> None:
    rng = np.random.default_rng(0)
    factor = np.repeat(np.arange(200), 2)  # pairs
    latents = np.column_stack([rng.normal(size=400), factor + 0.0])
    z = list(variables("latents", pd.DataFrame(latents), 20).values())
    f = list(variables("factors", pd.DataFrame({"pair": factor.astype(str)}), 20).values())
    counted = votes(z, f, np.random.RandomState(0))
    assert counted.ravel().tolist() == [0, 5000]


def test_a_value_of_one_row_only_is_no_group() -> None:
    groups, share = _groups(np.array([3, 0, 3, 1, 0, 3]))
    assert [rows.tolist() for rows in groups] == [[1, 4], [0, 2, 5]]
    np.testing.assert_allclose(share, [0.4, 0.6])
    nobody, share = _groups(np.arange(4))
    assert (nobody, len(share)) == ([], 0)


def test_votes_are_by_variance_relative_to_all_rows() -> None:
    rng = np.random.default_rng(0)
    size = rng.integers(5, size=1000)
    latents = pd.DataFrame({"z": size + rng.normal(size=1000), "rare": rng.random(1000) < 0.02})
    z = list(variables("latents", latents, 20).values())
    f = list(variables("factors", pd.DataFrame({"size": size}), 20).values())
    # A flag that is hardly ever set has little variance anywhere.
    assert np.var(z[1].bins) < 0.05
    assert votes(z, f, np.random.RandomState(0))[0] > 3000


# Tables as users have them


def test_one_latent_and_one_factor() -> None:
    scores = disentanglement(TEN[:, :1], TEN[:, :1]).scores
    assert scores["mig"] == pytest.approx(1)
    assert scores["sap"] == pytest.approx(1)
    undefined = ["disentanglement", "completeness", "factor_vae", "modularity"]
    assert scores[undefined].isna().all()


def test_a_series_is_one_column() -> None:
    latent = pd.Series(TEN[:, 0], name="z")
    result = disentanglement(latent, pd.DataFrame(TEN[:, :2], columns=["a", "b"]))
    assert list(result.importance.index) == ["z"]
    assert result.scores["completeness"] != result.scores["completeness"]


def test_names_of_several_levels_are_tuples() -> None:
    names = pd.MultiIndex.from_product([["a", "b"], [1, 2]])
    frame = pd.DataFrame(FIVE[:100, :4], columns=names)
    result = disentanglement(frame, frame)
    assert list(result.by_factor.index) == list(result.votes.index) == list(names)


def test_sparse_columns_are_numbers() -> None:
    plain = pd.DataFrame(FIVE[:100, :2], columns=list("ab"))
    thin = plain.astype(pd.SparseDtype(float, 0))
    pd.testing.assert_series_equal(
        disentanglement(thin, plain).scores, disentanglement(plain, plain).scores
    )


def test_a_sample_of_the_rows_follows_the_seed() -> None:
    codes = CODES["rotated"][0]
    first, again, other = (
        disentanglement(codes, FIVE, n_rows=100, random_state=seed).scores for seed in (1, 1, 2)
    )
    pd.testing.assert_series_equal(first, again)
    assert not np.allclose(first, other)


def test_the_same_for_any_number_of_threads() -> None:
    first, other = (
        disentanglement(CODES["rotated"][0], FIVE, n_rows=100, n_jobs=n).scores for n in (1, 2)
    )
    pd.testing.assert_series_equal(first, other)


@pytest.mark.skipif(
    "ENTIVEC_DATA" not in os.environ, reason="ENTIVEC_DATA does not name the data folder"
)
def test_factors_of_drawn_shapes() -> None:
    file = Path(os.environ["ENTIVEC_DATA"]) / "dsprites_mini" / "dsprites_mini.npz"
    if not file.exists():
        pytest.skip(f"no {file.name} in ENTIVEC_DATA")
    with np.load(file) as data:
        rows = np.random.default_rng(0).choice(len(data["latents_classes"]), 3000, replace=False)
        names = ["shape", "scale", "orientation", "x", "y"]
        factors = pd.DataFrame(data["latents_classes"][rows], columns=names)
        images = np.unpackbits(data["imgs_packed"][rows], axis=1)
    known = disentanglement(factors, factors).scores
    assert (known.drop(["mig", "modularity"]) > 0.99).all()
    assert known["mig"] > 0.95
    side = np.arange(64)
    area = images.sum(axis=1)
    centre_x = images.reshape(-1, 64, 64).sum(axis=1) @ side / area
    centre_y = images.reshape(-1, 64, 64).sum(axis=2) @ side / area
    seen = disentanglement(np.column_stack([area, centre_x, centre_y]), factors)
    assert seen.by_factor.loc[["x", "y"], "sap"].min() > 0.95
    assert seen.importance["scale"].idxmax() == "latent0"
    assert seen.by_factor.loc["orientation", "informativeness"] < 0.2
    assert seen.scores["mig"] < known["mig"]


# What is refused


def with_cell(value: Any) -> pd.DataFrame:
    frame = pd.DataFrame(FIVE[:50], columns=list("abcde"))
    return frame.assign(b=frame["b"].where(frame.index != 3, value))


F50 = pd.DataFrame(FIVE[:50], columns=list("abcde"))


@pytest.mark.parametrize(
    ("latents", "factors", "message"),
    [
        (FIVE[:50], FIVE[:40], "latents has 50 rows and factors 40; give both for the same rows"),
        (FIVE[:10], FIVE[:10], "latents and factors have 10 rows; give at least 20"),
        (
            F50,
            F50.iloc[::-1],
            r"latents has the index 0 and factors 49 at row position 0; give factors\.loc\[",
        ),
        (F50, F50.assign(b=7), "factors: column 'b' is 7 in every row, .* leave it out"),
        (
            F50,
            F50.assign(b=[f"id{i}" for i in range(50)]),
            "factors: column 'b' never has a level twice, .* leave it out",
        ),
        (with_cell(np.nan), F50, "latents: column 'b' is missing at row position 3; drop such"),
        (F50, with_cell(None), "factors: column 'b' is missing at row position 3"),
        (FIVE[:50], with_cell(np.nan).to_numpy(), "factors: column 'factor1' is missing at row"),
        (with_cell(np.inf), F50, "latents: column 'b' holds an infinite value"),
        (F50.set_axis(list("abcda"), axis=1), F50, "latents: two columns are named 'a'"),
        (F50, F50.set_axis(list("abcda"), axis=1), "factors: two columns are named 'a'"),
        (FIVE[:50, 0], F50, "latents: Expected 2D array, got 1D array"),
        (sparse.csr_matrix(FIVE[:50]), F50, "latents: it is a sparse matrix; give"),
    ],
)
def test_tables_that_do_not_fit_are_errors(latents: Any, factors: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        disentanglement(latents, factors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_bins": 1}, "n_bins must be at least 2, got 1"),
        ({"n_bins": 2.5}, "n_bins must be a whole number of at least 1, got 2.5"),
        ({"n_rows": 0}, "n_rows must be a whole number of at least 1, got 0"),
    ],
)
def test_a_wrong_parameter_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        disentanglement(FIVE, FIVE, **options)


@pytest.mark.parametrize("matrix", [[1, 2], [[-1, 2]], [[np.nan, 1]], np.empty((0, 3))])
def test_importances_that_are_none_are_errors(matrix: Any) -> None:
    with pytest.raises(ValueError, match=r"importance must be a matrix \(latents, factors\)"):
        evaluate.dci(matrix)
