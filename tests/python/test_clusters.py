"""Clusters, neighbours, latents and seeds, against known answers and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

import entivec
from entivec import evaluate
from entivec.evaluate import _clusters

RNG = np.random.default_rng(0)
BLOBS = np.repeat([[0, 0, 100], [9, 0, 100], [0, 9, 100]], [20, 30, 40], axis=0) + RNG.normal(
    size=(90, 3)
)
GROUPS = np.repeat(["a", "b", "c"], [20, 30, 40])


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize("tile", [(512, 2048), (7, 11)])
def test_silhouette_is_that_of_scikit_learn(
    metric: str, tile: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_clusters, "TILE", tile)
    labels = RNG.choice(["a", "b", "c", "d"], 90).astype(object)
    labels[3] = "alone"
    for vectors in (BLOBS, BLOBS.astype(np.float32)):
        expected = silhouette_samples(vectors.astype(np.float64), labels, metric=metric)
        found = evaluate.silhouette(vectors, labels, metric=metric)
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found[3] == 0


def test_silhouette_of_rows_that_are_equal_is_zero() -> None:
    vectors = np.full((6, 2), 0.1)
    for metric in ("euclidean", "sqeuclidean", "cosine"):
        assert (evaluate.silhouette(vectors, list("aaabbb"), metric=metric) == 0).all()


def test_the_zero_vector_is_at_a_right_angle_to_all() -> None:
    vectors = np.array([[0.0, 0], [0, 0], [1, 0], [1, 0.1]])
    # Each zero vector is 1 from the other one and 1 from the rest.
    found = evaluate.silhouette(vectors, list("aabb"), metric="cosine")
    assert found[:2].tolist() == [0, 0]


def test_labels_meet_vectors_by_index_and_may_be_missing() -> None:
    frame = pd.DataFrame(BLOBS, index=[f"C{i}" for i in range(90)])
    labels = pd.Series(GROUPS, frame.index)
    whole = evaluate.silhouette(frame, labels)
    assert whole.name == "silhouette"
    pd.testing.assert_series_equal(evaluate.silhouette(frame, labels.iloc[::-1]), whole)
    labels[:5] = None
    part = evaluate.silhouette(frame, labels)
    assert part[:5].isna().all()
    pd.testing.assert_series_equal(part[5:], evaluate.silhouette(frame[5:], labels[5:]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((BLOBS, GROUPS[:5]), "labels must have one value per row: expected 90, got 5"),
        ((BLOBS, ["x"] * 90), "at least two clusters, got 1: 'x'"),
        ((BLOBS[:, 0], GROUPS), r"rows and columns, got shape \(90,\)"),
        ((np.where(BLOBS > 101, np.nan, BLOBS), GROUPS), "row 0 of vectors has nan in component"),
        ((pd.DataFrame({"a": ["x", "y"]}), ["p", "q"]), "vectors must be numbers"),
    ],
)
def test_bad_vectors_and_labels_are_named(arguments: Any, message: str) -> None:
    vectors = arguments[0]
    if isinstance(vectors, np.ndarray) and np.isnan(vectors).any():
        vectors[0, 0] = np.nan
    with pytest.raises(ValueError, match=message):
        evaluate.silhouette(*arguments)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match=r"metric must be one of euclidean, .*; got 'haversine'"):
        evaluate.silhouette(BLOBS, GROUPS, metric="haversine")


def test_kmeans_finds_the_blobs() -> None:
    frame = pd.DataFrame(BLOBS, index=[f"C{i}" for i in range(90)])
    found = evaluate.kmeans(frame, range(2, 6))
    assert found.best_k == 3
    assert found.scores.index.tolist() == [2, 3, 4, 5]
    assert found.scores["inertia"].is_monotonic_decreasing
    own = found.labels[3]
    assert own.index.equals(frame.index)
    assert found.scores["smallest"][3] == 20
    # Clusters are numbered by size: c has 40 rows.
    assert pd.crosstab(own, GROUPS).to_numpy().tolist() == [[0, 0, 40], [0, 30, 0], [20, 0, 0]]
    expected = silhouette_samples(BLOBS, own).mean()
    assert found.scores["silhouette"][3] == pytest.approx(expected)
    within = sum(np.square(BLOBS[own == k] - BLOBS[own == k].mean(axis=0)).sum() for k in range(3))
    assert found.scores["inertia"][3] == pytest.approx(within)
    assert "best k 3" in repr(found)


def test_kmeans_samples_rows_for_the_silhouette_alone() -> None:
    found = evaluate.kmeans(BLOBS, 3, n_rows=40)
    assert len(found.labels) == 90
    assert found.scores["silhouette"][3] == pytest.approx(
        evaluate.kmeans(BLOBS, 3).scores["silhouette"][3], abs=0.1
    )


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (1, "k must be from 2 to 89, below the number of distinct rows, 90; got 1"),
        ([2, 90], "got 90"),
        ([], r"got \[\]"),
        ("ab", "k must be a whole number of at least 1, got 'a'"),
    ],
)
def test_impossible_numbers_of_clusters_are_refused(k: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate.kmeans(BLOBS, k)


def test_neighbours_are_a_tidy_frame() -> None:
    vectors = pd.DataFrame(
        [[1.0, 0], [1, 0.1], [0, 1], [-1, 0]], index=pd.Index(list("abcd"), name="customer")
    )
    found = evaluate.neighbours(vectors, ["c", "a"], n=2)
    assert list(found.columns) == ["customer", "neighbour", "rank", "similarity"]
    assert found["customer"].tolist() == ["c", "c", "a", "a"]
    assert found["neighbour"].tolist() == ["b", "a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 1, 2]
    assert found["similarity"].iloc[2] == pytest.approx(1 / np.sqrt(1.01))
    assert len(evaluate.neighbours(vectors, n=10)) == 12  # all there are
    assert evaluate.neighbours(vectors.to_numpy(), 0, n=1)["neighbour"].tolist() == [1]
    with pytest.raises(ValueError, match="have no vector, among them 'x'"):
        evaluate.neighbours(vectors, "x")
    with pytest.raises(ValueError, match="has 'a' twice"):
        evaluate.neighbours(vectors.set_axis(list("abca")), "a")


def test_latents_are_correlated_with_columns_of_every_kind() -> None:
    n = 400
    rng = np.random.default_rng(1)
    codes = pd.DataFrame(rng.normal(size=(n, 2)), columns=["z0", "z1"])
    codes.index = [f"C{i}" for i in range(n)]
    table = pd.DataFrame(
        {
            "cubed": codes["z0"] ** 3,
            "z1": -codes["z1"] + rng.normal(size=n),
            "sign": np.where(codes["z1"] > 0, "plus", "minus"),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(codes["z0"] * 1000, unit="h"),
            "constant": 1,
            "own": [f"id{i}" for i in range(n)],
        }
    )
    table.loc[codes.index[:20], "z1"] = np.nan
    found = evaluate.latent_correlations(codes, table.sample(frac=1, random_state=0))
    assert found.index.tolist() == list(table)
    assert found.columns.tolist() == ["z0", "z1"]
    assert found.loc["cubed", "z0"] == pytest.approx(1)
    assert found.loc["when", "z0"] == pytest.approx(1)
    expected = spearmanr(codes["z1"][20:], table["z1"][20:]).statistic
    assert found.loc["z1", "z1"] == pytest.approx(expected, abs=1e-3)  # ranks are of all cells
    assert 0.7 < found.loc["sign", "z1"] < 0.9  # √(2/π) = .798
    assert found.loc["sign", "z0"] < 0.15
    assert (found.loc[["constant", "own"]] == 0).all(axis=None)
    with pytest.raises(ValueError, match="index of table has no value for row 'C0'"):
        evaluate.latent_correlations(codes, table[1:])


class Turned(PCA):
    """PCA, turned, mirrored, moved and scaled by its seed, with noise if asked for."""

    def __init__(self, n_components: int = 2, random_state: int = 0, noise: float = 0.0) -> None:
        super().__init__(n_components, random_state=random_state)
        self.noise = noise

    def transform(self, X: Any) -> np.ndarray:
        rng = np.random.default_rng(self.random_state)
        turn = np.linalg.qr(rng.normal(size=(self.n_components,) * 2))[0]
        codes = super().transform(X)
        codes = codes + self.noise * rng.normal(size=codes.shape)
        return np.asarray(rng.uniform(1, 5) * codes @ turn + rng.normal(size=self.n_components))


def test_an_embedding_that_is_only_turned_is_stable() -> None:
    found = evaluate.stability(Turned(), BLOBS, seeds=[3, 1, 4])
    assert found[["seed", "other"]].to_numpy().tolist() == [[3, 1], [3, 4], [1, 4]]
    assert found["similarity"].to_numpy() == pytest.approx(1)
    noisy = evaluate.stability(Turned(noise=3.0), BLOBS)["similarity"]
    assert len(noisy) == 10
    assert 0.1 < noisy.mean() < 0.8


def test_similarity_is_one_minus_the_disparity_of_scipy() -> None:
    from scipy.spatial import procrustes

    from entivec.evaluate._stability import _similarity, _standardised

    one, other = RNG.normal(size=(2, 30, 3))
    expected = 1 - procrustes(one, other)[2]
    assert _similarity(_standardised(one), _standardised(other)) == pytest.approx(expected)


def test_stability_needs_seeds() -> None:
    with pytest.raises(ValueError, match="TableEncoder has no random_state"):
        evaluate.stability(entivec.TableEncoder(), BLOBS)
    with pytest.raises(ValueError, match=r"at least two numbers, got \[1\]"):
        evaluate.stability(Turned(), BLOBS, seeds=[1])
