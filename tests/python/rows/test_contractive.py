"""The contractive penalty as a user meets it; its mathematics is tested in tests/cpp."""

from dataclasses import replace

import numpy as np
import pytest

import entivec
from entivec import CAE, DeepCAE, StackedCAE, _core
from entivec.evaluate import jacobian_norm
from entivec.rows.jacobian_plan import plan_jacobian

CONTRACTIVE = [CAE, StackedCAE, DeepCAE]


def norm(model, table):
    return float(np.mean(jacobian_norm(model, table)))


@pytest.mark.parametrize("estimator", CONTRACTIVE)
def test_contraction_lowers_the_norm_of_the_jacobian(customers, estimator):
    free, held = (
        norm(estimator(4, contraction=weight, max_steps=300).fit(customers), customers)
        for weight in (0.0, 3.0)
    )
    assert held < 0.5 * free


def test_tied_weights_rebuild_each_cell_from_the_row_that_reads_it(customers):
    model = CAE(4, tied_weights=True, max_steps=50).fit(customers)
    layout, compiled = model.network_.compiled
    params = model.network_.params
    assert len(params) == (layout.inputs + 1) * 4 + layout.outputs
    kernel, bias = params[: layout.inputs * 4].reshape(-1, 4), params[-layout.outputs :]
    codes = np.ascontiguousarray(model.transform(customers))
    dense = len(model.table_.layout_.dense_source)
    predictions = compiled.predict(params, codes, False, 1)
    np.testing.assert_allclose(
        predictions[:, :dense], codes @ kernel[:dense].T + bias[:dense], atol=1e-5
    )


def test_a_tied_code_may_be_wider_than_the_table(numbers, tmp_path):
    model = CAE(50, tied_weights=True, max_steps=20).fit(numbers)
    assert model.n_components_ == model.transform(numbers).shape[1] == 50
    assert model.pca_validation_score_ == pytest.approx(1)
    assert CAE(50, max_steps=20).fit(numbers).n_components_ == numbers.shape[1]
    model.save(tmp_path / "model")
    again = entivec.load(tmp_path / "model")
    assert (again.transform(numbers) == model.transform(numbers)).all()
    assert (again.reconstruct(numbers) == model.reconstruct(numbers)).all()


@pytest.mark.parametrize("tied", [False, True])
def test_cross_entropy_rebuilds_probabilities(tied):
    rng = np.random.default_rng(0)
    greys = 1 / (1 + np.exp(-2 * rng.normal(size=(300, 2)) @ rng.normal(size=(2, 8))))
    model = CAE(
        4,
        contraction=0.0,
        tied_weights=tied,
        loss="cross_entropy",
        learning_rate=0.02,
        max_steps=400,
        validation_fraction=0.0,
        table=entivec.TableEncoder(scale="none"),
    ).fit(greys)
    rebuilt = model.reconstruct(greys)
    assert 0 < rebuilt.min() < 0.2 < 0.8 < rebuilt.max() < 1
    assert model.validation_score_ > 0.8
    entropy = -(greys * np.log(rebuilt) + (1 - greys) * np.log(1 - rebuilt)).mean()
    assert model.history_["validation_loss"].iloc[-1] == pytest.approx(entropy, rel=1e-4)


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("jacobian", ["exact", "probe"])
def test_the_loss_grows_by_the_penalty(customers, jacobian, path):
    model = DeepCAE(
        4, hidden_layer_sizes=(7, 5), jacobian=jacobian, linear_path=path, max_steps=5
    ).fit(customers)
    network = model.network_ if not model.network_.linear_heads else model._resumable[0]
    blocks = model.table_.transform(customers)

    def loss(weight):
        sizes = replace(network.sizes, contraction_weight=weight)
        other = replace(network, sizes=sizes, _compiled=None)
        _, compiled = other.compiled
        rows = _core.RowModel(compiled, other.table(blocks))
        return rows.loss_and_gradient(network.params)[0]

    _, compiled = network.compiled
    table = network.table(blocks)
    penalty = _core.TablePenalty(compiled, table, 1).value_and_gradient(network.params, 0)[0]
    columns = len(model.table_.layout_.sources)
    assert loss(3.0) - loss(0.0) == pytest.approx(3 * penalty / columns, rel=1e-3)


@pytest.mark.parametrize("hidden", [(), (6,), (30, 4)])
def test_probes_agree_with_the_exact_norm(customers, hidden):
    model = StackedCAE(4, hidden_layer_sizes=hidden or (6,), max_steps=20).fit(customers)
    _, compiled = model.network_.compiled
    table = model.network_.table(model.table_.transform(customers))
    exact = compiled.jacobian_norms(model.network_.params, table, 0, 0, 2)
    drawn = np.stack(
        [compiled.jacobian_norms(model.network_.params, table, 4, s, 2) for s in range(200)]
    )
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert np.mean(np.abs(drawn.mean(axis=0) - exact) < 3 * error + 1e-6) > 0.97


def test_full_jacobians_have_the_norms(customers):
    model = DeepCAE(4, hidden_layer_sizes=(9,), max_steps=20).fit(customers)
    layout, compiled = model.network_.compiled
    table = model.network_.table(model.table_.transform(customers))
    jacobians = compiled.jacobians(model.network_.params, table, 2)
    assert jacobians.shape == (len(customers), 4, layout.inputs)
    exact = compiled.jacobian_norms(model.network_.params, table, 0, 0, 1)
    np.testing.assert_allclose(np.square(jacobians).sum(axis=(1, 2)), exact, rtol=1e-4)


def test_the_jacobian_is_that_of_the_embedding():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5))
    model = DeepCAE(3, hidden_layer_sizes=(8, 6), max_steps=50).fit(table)
    _, compiled = model.network_.compiled
    blocks = model.table_.transform(table)
    jacobians = compiled.jacobians(model.network_.params, model.network_.table(blocks), 1)
    step = 1e-2
    for column in range(5):
        codes = []
        for sign in (1, -1):
            moved = blocks.dense.copy()
            moved[:, column] += sign * step
            codes.append(model.network_.encode(blocks._replace(dense=moved), 1))
        slope = (codes[0] - codes[1]) / (2 * step)
        np.testing.assert_allclose(jacobians[:, :, column], slope, atol=2e-3)


def test_a_missing_cell_has_no_derivative(customers):
    model = DeepCAE(4, hidden_layer_sizes=(9,), max_steps=20).fit(customers)
    _, compiled = model.network_.compiled
    blocks = model.table_.transform(customers)
    jacobians = compiled.jacobians(model.network_.params, model.network_.table(blocks), 1)
    missing = np.isnan(blocks.dense)
    assert missing.any()
    dense = np.abs(jacobians[:, :, : blocks.dense.shape[1]]).sum(axis=1)
    assert (dense[missing] == 0).all()
    assert (dense[~missing] > 0).all()
    flags = int(model.table_.layout_.dense_gap.sum())
    marks = jacobians[:, :, blocks.dense.shape[1] : blocks.dense.shape[1] + flags]
    assert (marks == 0).all()


def test_the_plan_follows_from_counted_products():
    # A few wide vectors a row: the Gram matrix is formed once a batch and closes the chain.
    narrow = plan_jacobian(1000, 1000, [256, 64, 16], 0, 64, "exact", 1)
    assert (narrow.mode, narrow.closing, narrow.n_vectors) == ("exact", "gram", 16)
    chain = 3 * 64 * (16 * 256 * 64 + 64 * 16)
    gram = 64 * 16 * (256**2 * 3 // 2) + 1000 * 256**2 // 2 + 1000 * 256**2
    assert narrow.products["exact, gram"] == chain + gram
    # One vector a row: forming it costs more than it saves.
    probe = plan_jacobian(784, 784, [1024, 768, 512], 0, 128, "auto", 1)
    assert (probe.mode, probe.closing, probe.n_vectors) == ("probe", "kernel", 1)
    assert probe.products["exact, gram"] > 50 * probe.products["plain step"]
    half = 784 * 1024 + 1024 * 768 + 768 * 512
    assert probe.products["plain step"] == 2 * 3 * 128 * half
    assert probe.products["probe, kernel"] == 3 * 128 * half
    # First layer wider than the table: the kernel is narrower than the Gram matrix.
    assert plan_jacobian(20, 20, [500, 4], 0, 256, "exact", 1).closing == "kernel"
    assert plan_jacobian(50, 50, [6, 4], 0, 256, "auto", 1).mode == "exact"


def test_per_row_cost_of_the_exact_penalty_does_not_grow_with_the_width():
    def per_row(inputs):
        one, two = (
            plan_jacobian(inputs, inputs, [64, 16], 0, rows, "exact", 1).products["exact, gram"]
            for rows in (64, 128)
        )
        return two - one

    assert per_row(1000) == per_row(100_000)


def test_the_plan_is_saved(customers, tmp_path):
    model = DeepCAE(4, max_steps=5).fit(customers)
    model.save(tmp_path / "m")
    assert entivec.load(tmp_path / "m").jacobian_plan_ == model.jacobian_plan_


def test_the_plan_is_what_is_run(customers):
    for jacobian, n_probes in (("exact", 1), ("probe", 3)):
        model = DeepCAE(4, jacobian=jacobian, n_probes=n_probes, max_steps=5).fit(customers)
        plan = model.jacobian_plan_
        assert plan.mode == jacobian
        assert model.network_.sizes.probes == (0 if jacobian == "exact" else 3)
        assert model.network_.sizes.gram == (plan.closing == "gram")
        assert plan.products[f"{plan.mode}, {plan.closing}"] == min(
            cost for name, cost in plan.products.items() if name.startswith(plan.mode)
        )


def test_training_goes_on_where_the_plan_changes(customers):
    shape = {"hidden_layer_sizes": (40, 30), "jacobian": "exact", "batch_size": 256}
    model = DeepCAE(4, **shape, max_steps=5).fit(customers)
    plan = model.jacobian_plan_
    model.partial_fit(customers.iloc[:3])  # too few rows for the Gram matrix to pay
    assert (plan.closing, model.jacobian_plan_.closing) == ("gram", "kernel")
    with pytest.raises(ValueError, match="can only go on with the shape"):
        model.set_params(n_components=5).partial_fit(customers)


def test_exact_and_probe_train_towards_the_same(customers):
    exact, probe = (
        DeepCAE(4, jacobian=jacobian, contraction=1.0, max_steps=300).fit(customers)
        for jacobian in ("exact", "probe")
    )
    assert norm(probe, customers) == pytest.approx(norm(exact, customers), rel=0.15)
    assert probe.score(customers) == pytest.approx(exact.score(customers), abs=0.05)
