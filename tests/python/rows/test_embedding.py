"""Tables in, embeddings out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import entivec
from entivec import AutoEncoder, TableEncoder
from entivec._core import fit_pca
from entivec.rows.network import core_layout, core_table
from entivec.rows.weights import weighed_by_bags
from entivec.table import Blocks, Layout


def test_frame_in_frame_out_with_the_same_index(customers, fitted):
    embedding = fitted.transform(customers)
    assert isinstance(embedding, pd.DataFrame)
    assert embedding.index.equals(customers.index)
    assert list(embedding.columns) == [f"autoencoder{k}" for k in range(5)]
    assert (embedding.dtypes == np.float32).all()
    assert customers.join(embedding).shape == (300, customers.shape[1] + 5)


def test_index_is_carried_by_row_and_not_by_position(customers, fitted):
    shuffled = customers.sample(frac=1, random_state=1)
    expected = fitted.transform(customers).loc[shuffled.index]
    pd.testing.assert_frame_equal(fitted.transform(shuffled), expected)


def test_array_in_array_out(numbers):
    model = AutoEncoder(n_components=2, max_steps=20).fit(numbers)
    codes = model.transform(numbers)
    assert isinstance(codes, np.ndarray)
    assert codes.dtype == np.float32
    assert codes.shape == (200, 2)
    assert model.inverse_transform(codes).shape == numbers.shape


@pytest.mark.parametrize("form", ["DataFrame", "array"])
def test_a_large_table_is_embedded_in_pieces_with_the_same_bits(monkeypatch, form):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(1000, 6))
    table[rng.random(table.shape) < 0.1] = np.nan
    if form == "DataFrame":
        table = pd.DataFrame(table, columns=[*"abcdef"]).assign(text=rng.choice([*"xyz"], 1000))
    model = AutoEncoder(n_components=3, max_steps=20).fit(table)
    whole = np.asarray(model.transform(table))
    encoded = []
    encode = TableEncoder.transform
    monkeypatch.setattr(entivec.rows.fitted, "MOST_CELLS", 2000)
    monkeypatch.setattr(
        TableEncoder, "transform", lambda *given: encoded.append(len(given[1])) or encode(*given)
    )
    np.testing.assert_array_equal(np.asarray(model.transform(table)), whole)
    assert encoded == [256, 256, 256, 232]
    wrong = table.copy()
    (wrong.iloc if form == "DataFrame" else wrong)[700, 1] = np.inf
    with pytest.raises(ValueError, match=r"infinite value \(inf\) at row position 700"):
        model.transform(wrong)


def test_columns_are_found_by_name(customers, fitted):
    reordered = customers[customers.columns[::-1]]
    pd.testing.assert_frame_equal(fitted.transform(reordered), fitted.transform(customers))


@pytest.mark.parametrize("container", ["default", "pandas"])
def test_set_output_is_honoured(numbers, container):
    model = AutoEncoder(n_components=2, max_steps=5).set_output(transform=container)
    expected = pd.DataFrame if container == "pandas" else np.ndarray
    assert isinstance(model.fit(numbers).transform(numbers), expected)


def test_fit_transform_equals_fit_then_transform(customers, fitted):
    again = clone(fitted).fit_transform(customers)
    pd.testing.assert_frame_equal(again, fitted.transform(customers))


def test_share_of_the_encoded_width_sets_the_number_of_components(numbers):
    assert AutoEncoder(n_components=0.5, max_steps=2).fit(numbers).n_components_ == 3
    assert AutoEncoder(n_components=0.01, max_steps=2).fit(numbers).n_components_ == 1


def test_a_code_is_never_wider_than_the_encoded_table(numbers):
    assert AutoEncoder(n_components=50, max_steps=2).fit(numbers).n_components_ == 6


def test_decoded_rows_have_the_original_columns_and_dtypes(customers, fitted):
    decoded = fitted.inverse_transform(fitted.transform(customers))
    assert list(decoded.columns) == list(customers.columns)
    assert (decoded.dtypes == customers.dtypes).all()
    assert decoded.index.equals(customers.index)
    pd.testing.assert_frame_equal(decoded, fitted.reconstruct(customers))


def test_reconstruction_fills_gaps(customers, fitted):
    assert customers["age"].isna().any()
    assert customers["gender"].isna().any()
    assert not fitted.reconstruct(customers).isna().any().any()


def test_a_wide_code_reconstructs_the_table(numbers):
    model = AutoEncoder(n_components=6, max_steps=50, noise=None).fit(numbers)
    np.testing.assert_allclose(model.reconstruct(numbers), numbers, atol=0.35)
    assert model.score(numbers) > 0.99


def test_sparse_counts_are_embedded_and_decoded():
    rng = np.random.default_rng(0)
    topic = rng.integers(3, size=120)
    rates = rng.gamma(0.3, size=(3, 40))
    counts = sparse.csr_matrix(rng.poisson(4 * rates[topic]).astype(np.float32))
    model = AutoEncoder(n_components=3, max_steps=150).fit(counts)
    codes = model.transform(counts)
    assert codes.shape == (120, 3)
    probe = LogisticRegression().fit(codes[:80], topic[:80])
    assert probe.score(codes[80:], topic[80:]) > 0.9
    shares = model.inverse_transform(codes)
    np.testing.assert_allclose(np.asarray(shares.sum(axis=1)).ravel(), 1, atol=1e-4)


def test_every_count_weighs_the_same_where_a_bag_is_all_there_is():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.choice([0.2, 2.0], (200, 1)), (200, 12)).astype(np.float32)
    counts[counts.sum(axis=1) == 0, 0] = 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    blocks = [TableEncoder().fit_transform(sparse.csr_matrix(part)) for part in (counts, shares)]
    layout = TableEncoder().fit(sparse.csr_matrix(counts)).layout_
    totals = counts.sum(axis=1)
    expected = np.clip(totals / np.median(totals), 0.1, 4)
    weights = weighed_by_bags(None, blocks[0], layout)
    np.testing.assert_allclose(weights, expected / expected.mean(), rtol=1e-6)
    twice = weighed_by_bags(np.arange(200, dtype=np.float32), blocks[0], layout)
    np.testing.assert_allclose(
        twice * np.mean(expected * np.arange(200)), expected * np.arange(200), rtol=1e-5
    )
    many = replace(layout, sources=[*layout.sources, *range(99)])
    assert weighed_by_bags(None, blocks[0], many) is None
    # The network reads shares: only by their weights do the two differ.
    codes = [
        AutoEncoder(3, max_steps=20).fit_transform(sparse.csr_matrix(part))
        for part in (counts, shares)
    ]
    assert not np.allclose(codes[0], codes[1])


def test_unseen_levels_and_missing_cells_are_embedded(customers, fitted):
    changed = customers.copy()
    changed["city"] = "Atlantis"
    changed.loc[changed.index[:5], "income"] = np.nan
    assert np.isfinite(fitted.transform(changed)).all().all()


def test_works_in_pipeline_column_transformer_and_searches(customers):
    labels = entivec.datasets.make_customers(300, random_state=0).labels["churned"].to_numpy()
    quick = AutoEncoder(n_components=3, max_steps=10)
    pipeline = make_pipeline(quick, LogisticRegression())
    assert cross_val_score(pipeline, customers, labels, cv=2, n_jobs=2).shape == (2,)
    search = GridSearchCV(pipeline, {"autoencoder__n_components": [2, 3]}, cv=2)
    assert search.fit(customers, labels).best_params_["autoencoder__n_components"] in (2, 3)
    nested = ColumnTransformer([("embed", quick, ["age", "income", "city"])]).fit(customers)
    assert list(nested.get_feature_names_out()) == [f"embed__autoencoder{k}" for k in range(3)]


def test_linear_model_at_the_pca_start_is_pca():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(500, 8))
    numbers = (numbers - numbers.mean(0)) / numbers.std(0)
    table = TableEncoder(scale="none")
    model = AutoEncoder(
        3,
        hidden_layer_sizes=(),
        validation_fraction=0,
        max_steps=1,
        learning_rate=1e-12,
        table=table,
    ).fit(numbers)
    pca = PCA(3).fit(numbers)
    expected = 1 - ((numbers - pca.inverse_transform(pca.transform(numbers))) ** 2).mean()
    assert model.score(numbers) == pytest.approx(expected, abs=1e-5)
    codes = pca.transform(numbers) / np.sqrt(pca.explained_variance_ * 499 / 500)
    np.testing.assert_allclose(np.abs(model.transform(numbers)), np.abs(codes), atol=2e-3)


def wide(columns):
    rng = np.random.default_rng(0)
    table = (rng.normal(size=(30, 3)) @ rng.normal(size=(3, columns))).astype(np.float32)
    table += 0.1 * rng.normal(size=table.shape).astype(np.float32)
    return table, np.linalg.svd(table - table.mean(0), compute_uv=False)


def test_pca_of_a_hundred_thousand_columns():
    table, spectrum = wide(100_000)
    layout = core_layout(Layout.of_numbers(100_000))
    pca = fit_pca(layout, core_table(layout, Blocks.of_numbers(table)), None, 3, 0, 2)
    np.testing.assert_allclose(pca.singular_values, spectrum[:3] / np.sqrt(30), rtol=1e-4)


def test_a_table_whose_covariance_is_too_wide_starts_at_pca():
    table, spectrum = wide(8000)
    model = AutoEncoder(3, hidden_layer_sizes=(), max_steps=1, table=TableEncoder(scale="none"))
    model.fit(table)
    expected = (spectrum[:3] ** 2).sum() / (spectrum**2).sum()
    assert model.pca_validation_score_ == pytest.approx(expected, abs=2e-3)  # held-out rows
    assert model.validation_score_ >= model.pca_validation_score_
