"""Never worse than PCA on rows that no fit has seen, and how wide a code is."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

import entivec
from entivec import AutoEncoder
from entivec.rows.guard import Trial, towards
from entivec.rows.network import Network
from entivec.rows.width import kept_by_column

FRESH = 2000


def linear(n: int, rng: np.random.Generator) -> np.ndarray:
    loadings = np.random.default_rng(7).normal(size=(3, 10))
    return rng.normal(size=(n, 3)) @ loadings + rng.normal(size=(n, 10))


def noise(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(n, 10))


def skewed(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.exp(linear(n, rng) / 2)


def heavy(n: int, rng: np.random.Generator) -> np.ndarray:
    loadings = np.random.default_rng(7).normal(size=(3, 10))
    return rng.standard_t(3, size=(n, 3)) @ loadings + rng.standard_t(3, size=(n, 10))


def explained(rows: np.ndarray, again: np.ndarray, train: np.ndarray) -> float:
    """Explained variance in the table's own units, every column counting the same."""
    width = train.std(axis=0)
    error, deviation = (rows - again) / width, (rows - train.mean(axis=0)) / width
    return float(1 - np.square(error).sum() / np.square(deviation).sum())


@pytest.mark.parametrize("kind", [linear, noise, skewed, heavy])
@pytest.mark.parametrize("n", [10, 40, 150, 1000])
def test_never_worse_than_pca_on_fresh_rows(kind, n):
    rng = np.random.default_rng(n)
    train, fresh = kind(n, rng), kind(FRESH, rng)
    model = AutoEncoder(3, max_steps=150).fit(train)
    mean, width = train.mean(axis=0), train.std(axis=0)
    pca = PCA(3).fit((train - mean) / width)
    there = pca.inverse_transform(pca.transform((fresh - mean) / width)) * width + mean
    own, theirs = (explained(fresh, again, train) for again in (model.reconstruct(fresh), there))
    assert own >= theirs - 0.01


def mixed(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Text, money as text, dates, categories and gaps over three factors."""
    factors = rng.normal(size=(n, 3))
    spend = np.exp(factors[:, 0] + 0.3 * rng.normal(size=n))
    frame = pd.DataFrame(
        {
            "spend": [f"${100 * value:,.2f}" for value in spend],
            "age": 40 + 8 * factors[:, 1] + 4 * rng.normal(size=n),
            "plan": np.array(["basic", "plus", "pro"])[np.digitize(factors[:, 0], [-0.5, 0.7])],
            "city": [f"town {value}" for value in (20 * np.abs(factors[:, 2])).astype(int)],
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(365 * factors[:, 1], "D"),
            "flag": factors[:, 2] + rng.normal(size=n) > 0,
        }
    )
    return frame.mask(rng.random(frame.shape) < 0.05)


@pytest.mark.parametrize("n", [10, 40, 150, 1000])
def test_never_worse_than_pca_on_fresh_rows_of_a_mixed_table(n):
    rng = np.random.default_rng(n)
    train, fresh = mixed(n, rng), mixed(FRESH, rng)
    model = AutoEncoder(3, max_steps=150).fit(train)
    pca = AutoEncoder(3, hidden_layer_sizes=(), max_steps=1, learning_rate=1e-9).fit(train)
    assert model.score(fresh) >= pca.score(fresh) - 0.01


@pytest.mark.parametrize("kind", [linear, noise])
@pytest.mark.parametrize("n", [20, 60, 150])
def test_scores_of_few_rows_are_those_of_fresh_rows(kind, n):
    rng = np.random.default_rng(n)
    train, fresh = kind(n, rng), kind(FRESH, rng)
    model = AutoEncoder(3, max_steps=60).fit(train)
    assert abs(model.validation_score_ - model.score(fresh)) < (0.2 if n < 50 else 0.08)


def test_a_network_is_kept_where_rows_bear_it_out():
    rng = np.random.default_rng(0)
    train, fresh = skewed(400, rng), skewed(FRESH, rng)
    model = AutoEncoder(3).fit(train)
    assert model.kept_.startswith("the network, ")
    assert model.kept_.endswith("of the way from PCA, by 400 rows in 5 folds")
    pca = AutoEncoder(3, hidden_layer_sizes=(), max_steps=1, learning_rate=1e-9).fit(train)
    assert model.score(fresh) > pca.score(fresh)
    assert model.validation_score_ > model.pca_validation_score_


def test_the_score_of_held_out_rows_counts_what_is_lost(customers):
    frame = customers.assign(code=[f"{i % 150} of {i % 149}" for i in range(len(customers))])
    table = entivec.TableEncoder(text_components=0)
    model = AutoEncoder(8, max_steps=60, table=table).fit(
        frame[["age", "visits_per_month", "code"]]
    )
    assert model.validation_score_ < 0.72  # a third of the table
    assert (
        abs(model.validation_score_ - model.score(frame[["age", "visits_per_month", "code"]]))
        < 0.05
    )


def test_too_few_rows_are_embedded_by_pca():
    model = AutoEncoder(2).fit(skewed(29, np.random.default_rng(0)))
    assert model.network_.linear_heads
    assert model.kept_ == "PCA: 29 rows are too few for more"
    assert model.validation_score_ == model.pca_validation_score_ < 1


def test_a_share_lies_on_the_way(numbers):
    model = AutoEncoder(2, max_steps=20, validation_fraction=0).fit(numbers)
    trained = model._resumable[0]
    start = np.zeros_like(trained.params)
    half = towards(start, trained, 0.5)
    np.testing.assert_allclose(half.params, 0.5 * trained.params)
    assert towards(start, trained, 1.0) is trained


@pytest.mark.parametrize(
    ("gains", "kept"),
    [
        ([0.1, 0.2, 0.3, 0.2], 0.75),
        ([-0.1, -0.2, -0.3, -0.4], 0.0),
        ([0.001, 0.001, 0.001, 0.001], 0.0),  # no more than chance
    ],
)
def test_the_clear_gain_is_kept(numbers, gains, kept):
    fitted = AutoEncoder(2, max_steps=5, validation_fraction=0).fit(numbers)
    trained: Network = fitted._resumable[0]
    rng = np.random.default_rng(0)
    pca = 1 + 0.1 * rng.normal(size=(500, 2))
    squares = np.stack([pca, *(pca - gain + 0.1 * rng.normal(size=(500, 2)) for gain in gains)])
    trial = Trial(squares, np.ones(500), squares[:, :, 0].sum(axis=1), 1000.0)
    task = fitted._begin(numbers, None, None, False)[1]
    from entivec.rows.task import fit_pca

    components = fit_pca(task, trained.sizes, fitted._options(fitted.table_, False))
    verdict = trial.verdict(trained.params, trained, components, "500 rows", (0.25, 0.5, 0.75, 1.0))
    assert verdict.share == kept
    assert verdict.score >= verdict.pca_score - 1e-12
    assert verdict.network.linear_heads == (kept == 0)


def test_a_gain_in_scaled_cells_alone_is_none(numbers):
    fitted = AutoEncoder(2, max_steps=5, validation_fraction=0).fit(numbers)
    pca = np.ones((500, 2))
    better_scaled = pca - np.array([0.5, -0.5])
    squares = np.stack([pca, better_scaled])
    trial = Trial(squares, np.ones(500), squares[:, :, 0].sum(axis=1), 1000.0)
    trained = fitted._resumable[0]
    task = fitted._begin(numbers, None, None, False)[1]
    from entivec.rows.task import fit_pca

    components = fit_pca(task, trained.sizes, fitted._options(fitted.table_, False))
    assert trial.verdict(trained.params, trained, components, "", (1.0,)).share == 0


# Width -----------------------------------------------------------------------------------------


def test_the_width_keeps_every_column():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2000, 2))
    loadings = np.vstack([np.ones(8), np.linspace(-1, 1, 8)])
    table = pd.DataFrame(factors @ loadings + 0.1 * rng.normal(size=(2000, 8)))
    table.columns = [f"x{j}" for j in range(8)]
    assert AutoEncoder(max_steps=2).fit(table).n_components_ == 2
    table["alone"] = rng.normal(size=2000)  # lost among eight if variance were pooled
    model = AutoEncoder(max_steps=2).fit(table)
    assert model.n_components_ == 3
    assert model.why_n_components_.startswith("the smallest width at which PCA keeps 80%")


def test_the_width_is_capped():
    table = np.random.default_rng(0).normal(size=(2000, 80))
    model = AutoEncoder(max_steps=1, hidden_layer_sizes=(4,)).fit(table)
    assert model.n_components_ == 64
    assert "the most components that are chosen by themselves" in model.why_n_components_


@pytest.mark.parametrize(
    ("given", "width", "why"),
    [(4, 4, "as asked for"), (0.5, 3, "0.5 of 6 encoded"), (99, 6, "as asked for")],
)
def test_a_width_that_is_asked_for(numbers, given, width, why):
    model = AutoEncoder(given, max_steps=2).fit(numbers)
    assert (model.n_components_, model.why_n_components_) == (width, why)


def test_reasons_are_saved(numbers, tmp_path):
    model = AutoEncoder(max_steps=2).fit(numbers)
    model.save(tmp_path / "model")
    loaded = entivec.load(tmp_path / "model")
    assert (loaded.kept_, loaded.why_n_components_) == (model.kept_, model.why_n_components_)
    assert loaded.n_components == "auto"


def test_kept_by_column_is_explained_variance_by_column(customers):
    encoder = entivec.TableEncoder()
    blocks = encoder.fit_transform(customers)
    model = AutoEncoder(4, max_steps=1, learning_rate=1e-9, hidden_layer_sizes=()).fit(customers)
    from entivec import _core
    from entivec.rows.task import pca_network
    from entivec.table.compiled import core_layout, core_table

    compiled = core_layout(encoder.layout_)
    pca = _core.fit_pca(compiled, core_table(compiled, blocks), None, 4, 0, 1)
    kept = kept_by_column(pca, encoder.layout_, blocks)
    network = pca_network(encoder.layout_, model.network_.sizes, pca)
    _, error, deviation = network.squares(network.table(blocks), None, 1)
    # A flag has one output there, whose complement is the other level's.
    np.testing.assert_allclose(kept[-1], 1 - error / deviation, atol=6e-2)
    assert (np.diff(kept[:, deviation > 0].mean(axis=1)) > 0).all()
