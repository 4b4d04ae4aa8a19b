"""VAE and JointVAE as a user meets them; their mathematics is tested in tests/cpp."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

import entivec
from entivec import VAE, JointVAE, TableEncoder, _core
from entivec.evaluate import jacobian_norm, jacobian_spectrum
from entivec.rows.category_start import start_at_clusters

quick = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def clusters():
    """Three well separated groups in six columns, beside one number that moves on its own."""
    rng = np.random.default_rng(0)
    group = rng.integers(3, size=900)
    centres = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4]], float)[group]
    slope = rng.uniform(-2, 2, 900)
    columns = np.column_stack([centres, centres[:, ::-1], slope, slope])
    frame = pd.DataFrame(columns + 0.2 * rng.normal(size=columns.shape), columns=list("abcdefgh"))
    return frame, group


@pytest.fixture(scope="module")
def joint(clusters):
    """A JointVAE that found the groups; tests read it and never change it."""
    frame, _ = clusters
    return grouped().fit(frame)


def grouped(**parameters):
    """Latents enough for the groups and for the number beside them."""
    common = {"categories": (3,), "capacity": 3.0, "categorical_capacity": 20.0}
    common |= {"hidden_layer_sizes": (32,), "learning_rate": 3e-3, "gamma": 30.0}
    common |= {"linear_path": False}
    return JointVAE(**{"n_components": 4, **common, **parameters})


@pytest.fixture(scope="module")
def vae(customers):
    """A VAE of the customers; tests read it and never change it."""
    return VAE(4, max_steps=400).fit(customers)


@pytest.mark.parametrize("capacity", [2.0, 6.0])
def test_the_divergence_tracks_its_capacity(clusters, capacity):
    frame, _ = clusters
    shape = {"hidden_layer_sizes": (32,), "linear_path": False}
    model = VAE(3, capacity=capacity, max_steps=2500, batch_size=900, **shape).fit(frame)
    assert model.history_["kl"].iloc[-1] == pytest.approx(capacity, rel=0.01)
    assert model.history_["capacity"].iloc[-1] == capacity
    assert model.history_["capacity"].is_monotonic_increasing


def test_categorical_capacity_is_clipped_at_what_the_categories_carry(clusters):
    history = (
        grouped(n_components=1, category_init="random", max_epochs=None).fit(clusters[0]).history_
    )
    assert history["categorical_capacity"].iloc[-1] == pytest.approx(np.log(3))
    assert history["categorical_kl"].iloc[-1] == pytest.approx(np.log(3), rel=0.01)
    # Given far more, the categories are full before the normal latents.
    full = history["categorical_capacity"] > np.log(3) - 1e-9
    assert history["capacity"][full].iloc[0] < 1


def test_categories_find_the_groups(joint, clusters):
    frame, group = clusters
    embedding = joint.transform(frame)
    levels = embedding.iloc[:, 4:]
    assert adjusted_rand_score(group, levels.to_numpy().argmax(axis=1)) == 1
    np.testing.assert_allclose(levels.sum(axis=1), 1, rtol=1e-5)


def test_groups_are_found_more_often_from_a_mixture(clusters):
    frame, group = clusters
    found = {}
    for start in ("mixture", "random"):
        models = [grouped(category_init=start, random_state=seed).fit(frame) for seed in range(3)]
        levels = [model.transform(frame).iloc[:, 4:].to_numpy().argmax(axis=1) for model in models]
        found[start] = sum(adjusted_rand_score(group, level) == 1 for level in levels)
    assert found["mixture"] == 3 > found["random"]


def test_normal_latents_carry_the_nats_of_both_before_the_categories_start(joint):
    history = joint.history_
    assert history["step"].iloc[-1] == joint.n_iter_ == 1000  # max_epochs of four steps
    before = history["step"] <= 500
    assert history["step"][before].iloc[-1] == 500
    assert (history["categorical_capacity"][before] == 0).all()
    assert history["capacity"][before].iloc[-1] == pytest.approx(3 + np.log(3))
    assert history["categorical_kl"][before].max() < 0.05
    assert (history["capacity"][~before] == 3).all()
    assert history["categorical_kl"].iloc[-1] == pytest.approx(np.log(3), rel=0.01)


def test_further_categories_start_at_the_groups_that_the_others_leave():
    rng = np.random.default_rng(1)
    crossed = rng.integers(2, size=(1000, 3))
    means = np.hstack([np.array([9.0, 5.0, 3.0]) * crossed, np.zeros((1000, 1))])
    means += 0.3 * rng.normal(size=means.shape)
    kernel, bias = start_at_clusters(means, means, (2, 2, 2), seed=0)
    assert kernel.shape == (4, 6)
    logits = means @ kernel + bias
    for category in range(3):
        level = logits[:, 2 * category : 2 * category + 2].argmax(axis=1)
        assert adjusted_rand_score(crossed[:, category], level) == 1


def test_a_start_from_a_few_rows_is_not_too_steep():
    few = np.repeat(np.eye(3), 10, axis=0) + 1e-6 * np.arange(30)[:, None]
    kernel, bias = start_at_clusters(few, few, (3,), seed=0)
    logits = few @ kernel + bias
    assert np.abs(logits - logits.mean(axis=1, keepdims=True)).max() < 51  # of 500, clusters merge
    assert (logits.argmax(axis=1).reshape(3, 10) == logits.argmax(axis=1)[::10, None]).all()


def test_groups_among_more_latents_than_rows():
    group = np.arange(24) % 2
    means = np.random.default_rng(0).normal(size=(24, 40)) + 5 * group[:, None]
    kernel, bias = start_at_clusters(means, means, (2,), seed=0)
    assert adjusted_rand_score(group, (means @ kernel + bias).argmax(axis=1)) == 1


@pytest.mark.parametrize("rows", [3, 100])
def test_without_clusters_categories_start_alike(rows):
    kernel, bias = start_at_clusters(np.ones((rows, 2)), np.ones((rows, 5)), (4,), seed=0)
    assert kernel.shape == (5, 4)
    assert not kernel.any()
    assert not bias.any()


@quick
def test_interrupting_before_the_categories_start_keeps_the_latents(clusters, monkeypatch):
    frame, _ = clusters
    run, calls = _core.Trainer.run, []

    def interrupted(trainer, steps):
        calls.append(steps)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return run(trainer, steps)

    monkeypatch.setattr(_core.Trainer, "run", interrupted)
    with pytest.warns(UserWarning, match="Training was interrupted after"):
        model = grouped().fit(frame)
    assert len(calls) == 5
    assert 0 < model.n_iter_ < 500
    assert model.transform(frame).shape == (900, 7)


@quick
def test_without_categories_it_is_the_vae_with_capacity(customers):
    one = JointVAE(4, categories=(), capacity=3.0, gamma=30.0, max_steps=40).fit(customers)
    same = VAE(4, capacity=3.0, max_steps=40).fit(customers)
    assert one.network_.params.tobytes() == same.network_.params.tobytes()
    assert (
        one.transform(customers).to_numpy().tobytes()
        == same.transform(customers).to_numpy().tobytes()
    )


@quick
def test_beta_holds_the_divergence_down(customers):
    free, held = (
        VAE(4, beta=beta, max_steps=300).fit(customers).history_["kl"].iloc[-1] for beta in (0.1, 4)
    )
    assert held < 0.5 * free


def test_history_has_the_nats_of_every_latent(vae):
    history = vae.history_
    latents = [f"kl_{k}" for k in range(4)]
    np.testing.assert_allclose(history[latents].sum(axis=1), history["kl"])
    assert ((history[latents] > 0.1).sum(axis=1) == history["active"]).all()
    assert history["active"].iloc[-1] > 0
    assert "capacity" not in history
    last = history.iloc[-1]
    columns = len(vae.table_.layout_.sources)
    assert last["train_loss"] == pytest.approx((last["reconstruction"] + last["kl"]) / columns)


def test_samples_look_like_the_table(vae, customers):
    sample = vae.sample(2000)
    pd.testing.assert_series_equal(sample.dtypes, customers.dtypes)
    assert len(sample) == 2000
    assert sample["age"].between(18 - 1e-3, 82 + 1e-3).all()
    for name in ("age", "income"):
        real = customers[name].dropna()
        assert abs(sample[name].median() - real.median()) < 0.5 * real.std()
        assert 0.6 < sample[name].std() / real.std() < 1.6
    real, drawn = (frame["segment"].value_counts(normalize=True) for frame in (customers, sample))
    assert (real - drawn.reindex(real.index).fillna(0)).abs().sum() < 0.3
    pd.testing.assert_frame_equal(sample, vae.sample(2000))
    assert not sample.equals(vae.sample(2000, random_state=1))


def test_means_vary_less_than_draws(vae):
    drawn, mean = vae.sample(1000), vae.sample(1000, noise=False)
    assert mean["income"].std() < drawn["income"].std()
    assert mean["segment"].nunique() <= drawn["segment"].nunique()


def test_samples_of_a_joint_model_fall_into_its_groups(joint, clusters):
    frame, _ = clusters
    sample = joint.sample(600)
    near = (sample[["a", "b", "c"]] > 2).sum(axis=1)
    assert (near == 1).mean() > 0.8
    assert np.bincount(sample[["a", "b", "c"]].to_numpy().argmax(axis=1)).min() > 60
    assert list(sample.columns) == list(frame.columns)


def test_likelihood_is_above_its_bound_and_knows_the_table(vae, customers):
    likelihood = vae.log_likelihood(customers)
    assert likelihood.index.equals(customers.index)
    assert (likelihood - vae.score_samples(customers, n_samples=200)).mean() > 0
    strange = customers.copy()
    strange["income"] = strange["income"].to_numpy()[::-1]
    strange["age"] = strange["age"].sample(frac=1, random_state=0).to_numpy()
    assert vae.log_likelihood(strange).mean() < likelihood.mean()
    assert (vae.log_likelihood(customers) == likelihood).all()


def test_likelihood_of_a_linear_gaussian_is_known():
    rng = np.random.default_rng(0)
    loading = np.array([[1.0, 0.8, -0.6, 0.5]])
    x = rng.normal(size=(4000, 1)) @ loading + 0.5 * rng.normal(size=(4000, 4))
    model = VAE(
        1,
        hidden_layer_sizes=(),
        linear_path=False,
        table=TableEncoder(scale="standard"),
        learning_rate=1e-2,
        max_steps=3000,
        batch_size=1024,
    ).fit(x)
    scaled = model.table_.transform(x).dense.astype(float)
    covariance = np.cov(scaled.T)
    inverse, (_, log_determinant) = np.linalg.inv(covariance), np.linalg.slogdet(covariance)
    centred = scaled - scaled.mean(axis=0)
    exact = -0.5 * (
        np.einsum("ij,jk,ik->i", centred, inverse, centred)
        + log_determinant
        + 4 * np.log(2 * np.pi)
    )
    assert model.log_likelihood(x).mean() == pytest.approx(exact.mean(), abs=0.02)
    assert model.score_samples(x).mean() == pytest.approx(exact.mean(), abs=0.05)


def test_traversal_moves_one_component(vae, joint, customers, clusters):
    moved = vae.traverse(customers.iloc[[0]], 1)
    assert moved.index.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert moved.index.name == "vae1"
    pd.testing.assert_series_equal(moved.dtypes, customers.dtypes)
    own = float(vae.transform(customers.iloc[[0]])["vae2"].iloc[0])
    still = vae.traverse(customers.iloc[[0]], "vae2", values=[own])
    pd.testing.assert_frame_equal(
        still.reset_index(drop=True), vae.reconstruct(customers.iloc[[0]]).reset_index(drop=True)
    )
    levels = joint.traverse(clusters[0].iloc[[0]], "jointvae_c0")
    assert levels.index.tolist() == [0, 1, 2]
    assert len(levels.round(2).drop_duplicates()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((slice(0, 2), 0), "traverse takes one row, got 2"),
        (([0], 4), r"component must be a number below 4, one of \['vae0'"),
        (([0], "vae9"), r"got 'vae9'"),
        (([0], 1.5), r"got 1\.5"),
        (([0], 0, [np.nan]), r"values must be finite numbers, got \[nan\]"),
        (([0], 0, []), r"values must be finite numbers, got \[\]"),
    ],
)
def test_traversals_that_mean_nothing_are_refused(vae, customers, arguments, message):
    rows, *others = arguments
    with pytest.raises(ValueError, match=message):
        vae.traverse(customers.iloc[rows], *others)


def test_a_category_takes_no_values(joint, clusters):
    with pytest.raises(ValueError, match="'jointvae_c0' is a category"):
        joint.traverse(clusters[0].iloc[[0]], "jointvae_c0", [1.0])
    with pytest.raises(ValueError, match=r"number below 4, .* or of \['jointvae_c0'\]; got 4"):
        joint.traverse(clusters[0].iloc[[0]], 4)


def test_inverse_takes_the_most_probable_level(joint, clusters):
    frame, _ = clusters
    embedding = joint.transform(frame)
    softer = embedding.copy()
    softer.iloc[:, 4:] = 0.9 * softer.iloc[:, 4:] + 0.1 / 3
    pd.testing.assert_frame_equal(
        joint.inverse_transform(softer), joint.inverse_transform(embedding)
    )
    pd.testing.assert_frame_equal(joint.inverse_transform(embedding), joint.reconstruct(frame))


def test_a_collapsed_posterior_warns(customers):
    with pytest.warns(
        ConvergenceWarning, match=r"collapsed.* Lower beta \(now 1000\).* linear_path=True"
    ):
        VAE(4, beta=1000.0, max_steps=200, linear_path=False).fit(customers)


def test_a_capacity_that_is_not_reached_warns(customers):
    with pytest.warns(
        ConvergenceWarning, match=r"not the 500 of capacity\. Raise gamma \(now 0\.1\)"
    ):
        VAE(4, capacity=500.0, gamma=0.1, max_steps=20).fit(customers)


def test_a_good_fit_does_not_warn(customers):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        VAE(4, max_steps=400).fit(customers)


@quick
def test_pictures_have_bernoulli_cells():
    rng = np.random.default_rng(0)
    pictures = rng.beta(0.3, 0.3, size=(300, 12))
    pictures[::9, 2] = np.nan
    table = TableEncoder(scale="none", continuous=list(range(12)))
    model = VAE(2, likelihood="bernoulli", max_steps=60, table=table).fit(pictures)
    assert np.isin(model.sample(50), [0, 1]).all()
    means = model.sample(50, noise=False)
    assert ((means > 0) & (means < 1)).all()
    # −log p of a cell is at least its entropy, and at most that of a coin plus what was not learnt.
    assert -12 * 1.0 < model.log_likelihood(pictures).mean() < 0
    assert model.network_.scales().size == 0


def test_numbers_outside_the_unit_interval_are_no_probabilities(customers):
    with pytest.raises(ValueError, match=r"column 'age' has .* table=TableEncoder\(scale='none'\)"):
        VAE(2, likelihood="bernoulli").fit(customers)


@quick
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_linear_path_starts_at_pca(likelihood):
    rng = np.random.default_rng(0)
    table = 1 / (1 + np.exp(-rng.normal(size=(400, 2)) @ rng.normal(size=(2, 8))))
    encoder = TableEncoder(scale="none")
    model = VAE(
        2, likelihood=likelihood, linear_path=True, max_steps=1, learning_rate=1e-9, table=encoder
    ).fit(table)
    common = {"likelihood": likelihood, "max_steps": 1, "learning_rate": 1e-9, "table": encoder}
    pure = VAE(2, linear_path=False, **common).fit(table)
    assert model.score(table) > 0.8 > pure.score(table)
    assert not model.network_.linear_heads


@quick
@pytest.mark.parametrize("estimator", [VAE(3), JointVAE(2, categories=(3, 2), channels=(3, 4))])
def test_the_jacobian_is_that_of_the_embedding(estimator):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5))
    model = estimator.set_params(max_steps=60, activation="tanh").fit(table)
    _, compiled = model.network_.compiled
    blocks = model.table_.transform(table)
    jacobians = compiled.jacobians(model.network_.params, model.network_.table(blocks), 1)
    assert jacobians.shape[1] == model.n_components_
    for column in range(5):
        codes = []
        for step in (1e-2, -1e-2):
            moved = blocks.dense.copy()
            moved[:, column] += step
            codes.append(model.network_.encode(blocks._replace(dense=moved), 1))
        slope = (codes[0] - codes[1]) / 2e-2
        np.testing.assert_allclose(jacobians[:, :, column], slope, atol=2e-3)
    norms = jacobian_norm(model, table)
    np.testing.assert_allclose(norms, np.linalg.norm(jacobians, axis=(1, 2)), rtol=1e-4)
    drawn = jacobian_norm(model, table, method="probe", n_probes=2000)
    assert np.abs(drawn / norms - 1).mean() < 0.1
    assert len(jacobian_spectrum(model, table)) == model.n_components_


@quick
def test_guides_read_the_whole_embedding(clusters):
    frame, group = clusters
    model = JointVAE(2, categories=(3,), max_steps=300).fit(frame, np.array(list("xyz"))[group])
    assert (model.predict(frame) == np.array(list("xyz"))[group]).mean() > 0.95


@quick
def test_a_loaded_model_draws_the_same(vae, customers, tmp_path):
    vae.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.sample(20), vae.sample(20))
    pd.testing.assert_series_equal(loaded.log_likelihood(customers), vae.log_likelihood(customers))
    pd.testing.assert_frame_equal(loaded.history_, vae.history_)
    model = JointVAE(2, categories=(3,), channels=(2, 3), max_steps=10).fit(customers)
    model.save(tmp_path / "joint")
    again = entivec.load(tmp_path / "joint")
    assert tuple(again.get_params()["channels"]) == (2, 3)
    pd.testing.assert_frame_equal(again.transform(customers), model.transform(customers))


@quick
def test_annealing_is_counted_in_steps_or_as_a_share(customers):
    steps = VAE(2, capacity=4.0, capacity_steps=25, max_steps=50).fit(customers)
    share = VAE(2, capacity=4.0, capacity_steps=0.5, max_steps=50).fit(customers)
    assert steps.network_.params.tobytes() == share.network_.params.tobytes()
    slower = VAE(2, capacity=4.0, capacity_steps=40, max_steps=50).fit(customers)
    assert slower.network_.params.tobytes() != steps.network_.params.tobytes()


@quick
def test_a_later_training_does_not_anneal_anew(customers):
    model = VAE(2, capacity=4.0, max_steps=50, warm_start=True).fit(customers)
    model.fit(customers)
    assert (model.history_["capacity"] > 0).all()
    model.partial_fit(customers)
    assert model.history_["step"].iloc[-1] > 50


@pytest.mark.parametrize(
    ("estimator", "parameters", "message"),
    [
        (VAE, {"beta": -1}, "'beta' parameter of VAE"),
        (VAE, {"beta_warmup": 1.5}, "'beta_warmup' parameter of VAE"),
        (VAE, {"capacity": -1.0}, "'capacity' parameter of VAE"),
        (VAE, {"capacity_steps": -3}, "'capacity_steps' parameter of VAE"),
        (VAE, {"likelihood": "poisson"}, "'likelihood' parameter of VAE"),
        (JointVAE, {"temperature": 0}, "'temperature' parameter of JointVAE"),
        (JointVAE, {"categories": (1,)}, r"categories must be .* got \(1,\)"),
        (JointVAE, {"categories": (2.5,)}, r"categories must be .* got \(2\.5,\)"),
        (JointVAE, {"channels": (0,)}, r"channels must be positive .* got \(0,\)"),
        (JointVAE, {"channels": (2,), "dropout": 0.1}, "dropout must be 0 for JointVAE with chann"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(numbers, estimator, parameters, message):
    with pytest.raises(ValueError, match=message):
        estimator(**parameters).fit(numbers)


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_sample_has_rows(vae, n):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        vae.sample(n)


def test_evidence_needs_draws(vae, customers):
    with pytest.raises(ValueError, match="n_samples must be a whole number of at least 1, got 0"):
        vae.log_likelihood(customers, n_samples=0)


def test_log_likelihood_takes_lists(numbers):
    model = VAE(2, max_steps=20).fit(np.asarray(numbers))
    rows = np.asarray(numbers)[:5]
    np.testing.assert_array_equal(model.log_likelihood(rows.tolist()), model.log_likelihood(rows))
