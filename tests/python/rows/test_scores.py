"""Scores beside PCA, errors by row and by column."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
    make_blobs,
    make_classification,
    make_s_curve,
)

import entivec
from entivec import AutoEncoder


def _noise_table() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(150, 12))


TABLES = {
    "customers": lambda: entivec.datasets.make_customers(400, random_state=1).customers,
    "iris": lambda: load_iris(as_frame=True).frame,
    "wine": lambda: load_wine(as_frame=True).frame,
    "diabetes": lambda: load_diabetes(as_frame=True).frame,
    "breast cancer": lambda: load_breast_cancer(as_frame=True).frame.iloc[:300],
    "digits": lambda: load_digits().data[:300],
    "linnerud": lambda: load_linnerud(as_frame=True).frame,
    "classification": lambda: make_classification(200, 15, random_state=0)[0],
    "blobs": lambda: make_blobs(200, 10, random_state=0)[0],
    "curve": lambda: make_s_curve(200, random_state=0)[0],
    "noise": _noise_table,
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("n_components", [2, 8])
def test_never_worse_than_pca_on_the_held_out_rows(name, n_components):
    model = AutoEncoder(n_components, max_steps=60).fit(TABLES[name]())
    assert model.validation_score_ >= model.pca_validation_score_


def test_guard_keeps_pca_where_training_made_it_worse():
    # Independent noise: nothing beats PCA, and a wild learning rate makes the network far worse.
    table = _noise_table()
    model = AutoEncoder(4, max_steps=30, learning_rate=0.3, schedule="constant").fit(table)
    assert model.network_.linear_heads
    assert model.validation_score_ == model.pca_validation_score_
    pure = AutoEncoder(
        4, max_steps=30, learning_rate=0.3, schedule="constant", linear_path=False
    ).fit(table)
    assert pure.validation_score_ < pure.pca_validation_score_


def test_pca_score_is_that_of_an_explicit_pca(numbers):
    from sklearn.decomposition import PCA

    model = AutoEncoder(2, max_steps=2, validation_fraction=0).fit(numbers)
    dense = model.table_.transform(numbers).dense.astype(np.float64)
    pca = PCA(2).fit(dense)
    error = ((dense - pca.inverse_transform(pca.transform(dense))) ** 2).sum()
    expected = 1 - error / ((dense - dense.mean(0)) ** 2).sum()
    assert model.pca_validation_score_ == pytest.approx(expected, abs=1e-5)


def test_pca_of_a_bag_is_that_of_as_many_columns_as_a_row_fills():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.4, size=(300, 12))
    counts[:, 0] += 1  # no row is empty
    numbers = rng.normal(size=(300, 2))
    table = pd.DataFrame(counts, columns=[f"w{j}" for j in range(12)])
    table = table.astype(pd.SparseDtype("int64", 0))
    table["a"], table["b"] = numbers.T
    model = AutoEncoder(3, max_steps=2, validation_fraction=0).fit(table)
    shares = counts / counts.sum(axis=1, keepdims=True)
    held = (counts > 0).sum(axis=1).mean()
    dense = model.table_.transform(table).dense
    explicit = np.hstack([dense, held * shares])
    totals = counts.sum(axis=1)  # a bag of most of the table: rows weigh by their counts
    weights = np.clip(totals / np.median(totals), 0.1, 4)
    centred = explicit - np.average(explicit, axis=0, weights=weights)
    spectrum = np.linalg.svd(np.sqrt(weights)[:, None] * centred, compute_uv=False) ** 2
    expected = spectrum[:3].sum() / spectrum.sum()
    assert model.pca_validation_score_ == pytest.approx(expected, abs=1e-4)


def test_network_beats_pca_on_a_curved_table():
    t = np.random.default_rng(0).uniform(-3, 3, size=600)
    table = np.column_stack([t, np.sin(t), np.cos(t), t**2, np.tanh(2 * t)])
    model = AutoEncoder(1, max_steps=800, noise=None).fit(table)
    assert model.validation_score_ > model.pca_validation_score_ + 0.1
    assert model.score(table) > 0.9


def test_error_of_a_row_is_the_mean_over_its_observed_cells(customers, fitted):
    cells = fitted.reconstruction_error(customers, per_column=True)
    rows = fitted.reconstruction_error(customers)
    assert cells.index.equals(customers.index)
    assert list(cells.columns) == fitted.table_.layout_.sources
    np.testing.assert_allclose(rows, cells.mean(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(cells["age"].isna(), customers["age"].isna())
    np.testing.assert_array_equal(fitted.score_samples(customers), -rows)


def test_errors_by_column_have_the_labels_of_the_table(customers):
    frame = customers[["age", "gender", "tenure_months"]].set_axis([1, "1", 2.5], axis=1)
    model = AutoEncoder(2, max_steps=5).fit(frame)
    assert list(model.reconstruction_error(frame, per_column=True)) == [1, "1", 2.5]
    two = frame.set_axis(pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]), axis=1)
    model = AutoEncoder(2, max_steps=5).fit(two)
    assert model.reconstruction_error(two, per_column=True).columns.equals(two.columns)
    counts = pd.DataFrame({f"w{i}": pd.arrays.SparseArray([0, 1, i] * 100) for i in range(2)})
    counts = counts.set_index(frame.index).assign(age=frame[1]).set_axis(["v", "w", 7], axis=1)
    model = AutoEncoder(2, max_steps=5).fit(counts)
    assert list(model.reconstruction_error(counts, per_column=True)) == ["bag", 7]


def test_error_of_a_number_is_its_squared_error_in_scaled_units(numbers):
    model = AutoEncoder(2, max_steps=30).fit(numbers)
    dense = model.table_.transform(numbers).dense
    decoded = model.network_.decode(model.transform(numbers), 1).dense
    errors = model.reconstruction_error(numbers, per_column=True)
    assert isinstance(errors, np.ndarray)
    np.testing.assert_allclose(errors, (dense - decoded) ** 2, rtol=1e-3, atol=1e-6)


def test_score_is_pooled_explained_variance(numbers):
    model = AutoEncoder(2, max_steps=30, validation_fraction=0).fit(numbers)
    dense = model.table_.transform(numbers).dense.astype(np.float64)
    decoded = model.network_.decode(model.transform(numbers), 1).dense
    expected = 1 - ((dense - decoded) ** 2).sum() / ((dense - dense.mean(0)) ** 2).sum()
    assert model.score(numbers) == pytest.approx(expected, abs=1e-5)


def test_unusual_rows_have_the_largest_errors(customers):
    model = AutoEncoder(8, max_steps=300).fit(customers)
    odd = customers.copy()
    rng = np.random.default_rng(0)
    for column in odd.columns:
        odd[column] = odd[column].to_numpy()[rng.permutation(len(odd))]
    usual, unusual = model.reconstruction_error(customers), model.reconstruction_error(odd)
    assert unusual.mean() > 1.2 * usual.mean()


def test_missing_cells_do_not_enter_the_loss(numbers):
    gappy = numbers.copy()
    gappy[::3, 1] = np.nan
    model = AutoEncoder(2, max_steps=30).fit(gappy)
    errors = model.reconstruction_error(gappy, per_column=True)
    assert np.isnan(errors[::3, 1]).all()
    assert np.isfinite(np.delete(errors, 1, axis=1)).all()
    assert np.isfinite(model.score(gappy))


def test_a_row_without_any_observed_cell_has_no_error(numbers):
    table = numbers.copy()
    table[7] = np.nan
    model = AutoEncoder(2, max_steps=5).fit(table)
    assert np.flatnonzero(np.isnan(model.reconstruction_error(table))).tolist() == [7]
    assert np.isfinite(model.transform(table)).all()


def test_sample_weight_moves_the_fit_towards_heavy_rows(numbers):
    first, second = numbers[:100], np.random.default_rng(5).normal(size=(100, 6))
    table = np.vstack([first, second])
    weights = np.repeat([1.0, 0.0], 100)
    heavy = AutoEncoder(2, max_steps=100).fit(table, sample_weight=weights)
    light = AutoEncoder(2, max_steps=100).fit(table, sample_weight=1 - weights)
    assert heavy.score(first) > light.score(first) + 0.1
    assert light.score(second) > heavy.score(second)


def test_equal_weights_change_nothing(numbers):
    plain = AutoEncoder(2, max_steps=20).fit(numbers)
    weighted = AutoEncoder(2, max_steps=20).fit(numbers, sample_weight=np.full(200, 3.0))
    np.testing.assert_allclose(plain.transform(numbers), weighted.transform(numbers), atol=1e-5)
