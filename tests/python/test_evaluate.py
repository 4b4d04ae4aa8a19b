"""Diagnostics of the encoder, against finite differences of the encoder written in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec
from entivec import (
    CAE,
    AutoEncoder,
    ConvAutoEncoder,
    DeepCAE,
    DenoisingAutoEncoder,
    StackedCAE,
    evaluate,
)
from entivec.evaluate._encoder import EncodedRowEncoder, encoded

EXAMPLE = entivec.datasets.make_customers(60, random_state=1).customers

ACTIVATIONS = {
    "identity": lambda a: a,
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.maximum(a, 0),
    "silu": lambda a: a / (1 + np.exp(-a)),
    "gelu": lambda a: 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))),
}


@dataclass
class Reference:
    """The encoder of a fitted model in float64, from its flat parameters."""

    model: Any

    def pre_activations(self, x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Pre-activations of every activated layer, and the codes."""
        sizes = self.model.network_.sizes
        params = self.model.network_.params.astype(np.float64)
        hidden = list(sizes.hidden)
        assert not sizes.channels, "convolutions are not written here"
        widths = [*hidden, sizes.code] if hidden or sizes.code_activation else []
        linear = sizes.code if sizes.linear_path or not widths else 0
        act = ACTIVATIONS[sizes.activation]

        def affine(inputs: np.ndarray, out: int) -> np.ndarray:
            nonlocal params
            n_in = inputs.shape[1]
            kernel, bias, params = np.split(params, [n_in * out, (n_in + 1) * out])
            return inputs @ kernel.reshape(n_in, out) + bias

        first = affine(x, linear + (widths[0] if widths else 0))
        straight, bent = first[:, :linear], first[:, linear:]
        if not widths:
            return [], straight
        before = [bent]
        for width in widths[1:]:
            before.append(affine(act(before[-1]), width))
        bent = act(before[-1]) if sizes.code_activation else before.pop()
        return before, bent + straight if linear else bent

    def codes(self, x: np.ndarray) -> np.ndarray:
        return self.pre_activations(x)[1]

    def jacobians(self, x: np.ndarray, is_value: np.ndarray, step: float = 1e-5) -> np.ndarray:
        """Central differences (n, d, inputs), zero where there is no value."""
        columns = [
            (self.codes(x + step * unit) - self.codes(x - step * unit)) / (2 * step)
            for unit in np.eye(x.shape[1])
        ]
        return np.stack(columns, axis=2) * is_value[:, None, :]

    def rows(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        x, is_value = encoded(self.model.table_.layout_, self.model.table_.transform(X))
        return x.astype(np.float64), is_value


def mixed_table(n: int = 40) -> pd.DataFrame:
    """Numbers and categories with gaps in both, a flag, a date, and counted words."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "age": rng.normal(40, 9, size=n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "member": rng.random(n) < 0.4,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D"),
        },
        index=[f"r{i}" for i in range(n)],
    )
    frame.loc["r3", "age"] = np.nan
    frame.loc["r5", "since"] = pd.NaT
    frame.loc[["r4", "r5"], "colour"] = None
    words = rng.poisson(0.7, (n, 4))
    words[:, 0] += 1
    words[6] = 0
    for j in range(4):
        frame[f"word{j}"] = pd.arrays.SparseArray(words[:, j], fill_value=0)
    return frame


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    return mixed_table()


def fit(X: Any, estimator: Any = AutoEncoder, **parameters: Any) -> Any:
    quick = {"n_components": 3, "max_steps": 30, "max_epochs": None}
    if estimator not in (CAE, ConvAutoEncoder):
        quick["hidden_layer_sizes"] = (7, 5)
    # What is diagnosed is the network, be it better than PCA or not.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimator, "_guarded", lambda _: False)
        return estimator(**(quick | parameters)).fit(X)


KINDS = {
    "tanh chain": {"activation": "tanh", "linear_path": False},
    "sigmoid chain": {"activation": "sigmoid", "linear_path": False, "hidden_layer_sizes": (6,)},
    "silu chain": {"activation": "silu", "linear_path": False, "hidden_layer_sizes": (7, 6, 4)},
    "beside a linear path": {"noise": None, "max_steps": 800},
    "linear": {"hidden_layer_sizes": ()},
    "CAE": {"estimator": CAE, "activation": "sigmoid"},
    "StackedCAE": {"estimator": StackedCAE},
    "DeepCAE": {"estimator": DeepCAE, "activation": "silu"},
    "DeepCAE by probes": {"estimator": DeepCAE, "jacobian": "probe", "n_probes": 2},
    "DenoisingAutoEncoder": {"estimator": DenoisingAutoEncoder, "linear_path": False},
}


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, mixed: pd.DataFrame) -> Any:
    fitted = fit(mixed, **KINDS[request.param])
    if request.param == "beside a linear path":
        assert not fitted.network_.linear_heads, "this case must not fall back to PCA"
    return fitted


@pytest.fixture(scope="module")
def chain(mixed: pd.DataFrame) -> AutoEncoder:
    return fit(mixed, **KINDS["tanh chain"])


@pytest.fixture(scope="module")
def pca(mixed: pd.DataFrame) -> AutoEncoder:
    """A model that fell back to PCA: its learning rate lets it learn nothing."""
    sizes = {"hidden_layer_sizes": (7, 5), "max_steps": 30, "max_epochs": None}
    fitted = AutoEncoder(3, learning_rate=1e-12, init="random", **sizes).fit(mixed)
    assert fitted.network_.linear_heads
    return fitted


# The encoded row


def test_encoded_rows_are_what_the_encoder_reads(model: Any, mixed: pd.DataFrame) -> None:
    reference = Reference(model)
    x, _ = reference.rows(mixed)
    np.testing.assert_allclose(reference.codes(x), model.transform(mixed), atol=2e-5)


def test_values_of_an_encoded_row() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, np.nan, 4] * 5, "b": ["x", "y", "x", None] * 5})
    frame["w0"] = pd.arrays.SparseArray([3, 0, 0, 1] * 5, fill_value=0)
    frame["w1"] = pd.arrays.SparseArray([1, 0, 2, 0] * 5, fill_value=0)
    table = entivec.TableEncoder().fit(frame)
    x, is_value = encoded(table.layout_, table.transform(frame))
    # a | gap of a | b: missing, other, x, y | shares of w0, w1
    np.testing.assert_array_equal(
        x[:4, 1:],
        [
            [0, 0, 0, 1, 0, 0.75, 0.25],
            [0, 0, 0, 0, 1, 0, 0],
            [1, 0, 0, 1, 0, 0, 1],
            [0, 1, 0, 0, 0, 1, 0],
        ],
    )
    assert x[2, 0] == 0
    np.testing.assert_array_equal(
        is_value[:4].astype(int),
        [
            [1, 0, 0, 1, 1, 1, 1, 1],
            [1, 0, 0, 1, 1, 1, 0, 0],
            [0, 0, 0, 1, 1, 1, 1, 1],
            [1, 0, 0, 0, 0, 0, 1, 1],
        ],
    )


# jacobian_norm


def test_norm_is_that_of_finite_differences(model: Any, mixed: pd.DataFrame) -> None:
    reference = Reference(model)
    jacobians = reference.jacobians(*reference.rows(mixed))
    norms = evaluate.jacobian_norm(model, mixed)
    assert norms.name == "jacobian_norm"
    assert norms.index.equals(mixed.index)
    np.testing.assert_allclose(norms, np.linalg.norm(jacobians, axis=(1, 2)), rtol=1e-4)


def test_norm_of_pca_is_that_of_its_components(pca: AutoEncoder, mixed: pd.DataFrame) -> None:
    inputs = pca.network_.compiled[0].inputs
    kernel = pca.network_.params[: 3 * inputs].reshape(inputs, 3)
    _, is_value = Reference(pca).rows(mixed)
    expected = np.sqrt((kernel**2).sum(axis=1) @ is_value.T)
    norms = evaluate.jacobian_norm(pca, mixed)
    np.testing.assert_allclose(norms, expected, rtol=1e-5)
    complete = norms.drop(["r3", "r4", "r5", "r6"])
    np.testing.assert_allclose(complete, complete.iloc[0], rtol=1e-5)
    assert (norms[["r3", "r4", "r5"]] < complete.iloc[0]).all()


def test_norm_of_an_array_is_an_array() -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    model = fit(X, n_components=2, hidden_layer_sizes=())
    norms = evaluate.jacobian_norm(model, X)
    assert type(norms) is np.ndarray
    assert norms.shape == (30,)
    assert norms.dtype == np.float32
    np.testing.assert_allclose(norms, norms[0], rtol=1e-6)


def test_norm_of_a_sparse_matrix_reads_its_shares() -> None:
    X = sparse.random(40, 12, 0.4, "csr", random_state=0)
    model = fit(X, **KINDS["tanh chain"])
    reference = Reference(model)
    jacobians = reference.jacobians(*reference.rows(X))
    norms = evaluate.jacobian_norm(model, X)
    np.testing.assert_allclose(norms, np.linalg.norm(jacobians, axis=(1, 2)), rtol=1e-4)


def test_probes_estimate_the_square_without_bias(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    exact = evaluate.jacobian_norm(chain, mixed).to_numpy() ** 2
    probed = np.array(
        [
            evaluate.jacobian_norm(chain, mixed, method="probe", random_state=seed).to_numpy() ** 2
            for seed in range(400)
        ]
    )
    error = probed.std(axis=0) / np.sqrt(len(probed))
    assert (error > 0).all()
    assert (abs(probed.mean(axis=0) - exact) < 4.5 * error).all()


def test_more_probes_estimate_better(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    exact = evaluate.jacobian_norm(chain, mixed)

    def error(n_probes: int) -> float:
        probed = evaluate.jacobian_norm(chain, mixed, method="probe", n_probes=n_probes)
        return float(abs(probed - exact).mean())

    assert error(400) < 0.25 * error(1)


def test_probes_follow_the_seed(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    first, again, other = (
        evaluate.jacobian_norm(chain, mixed, method="probe", random_state=seed)
        for seed in (1, 1, 2)
    )
    pd.testing.assert_series_equal(first, again)
    assert not np.allclose(first, other)


# jacobian_spectrum


def test_spectrum_is_that_of_finite_differences(model: Any, mixed: pd.DataFrame) -> None:
    reference = Reference(model)
    jacobians = reference.jacobians(*reference.rows(mixed))
    spectrum = evaluate.jacobian_spectrum(model, mixed)
    expected = np.linalg.svd(jacobians, compute_uv=False).mean(axis=0)
    np.testing.assert_allclose(spectrum, expected, rtol=1e-3, atol=1e-5)
    assert list(spectrum.index) == [1, 2, 3]
    assert spectrum.index.name == "order"
    assert spectrum.name == "singular_value"


def test_spectrum_in_parts_is_the_same(
    chain: AutoEncoder, mixed: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate.jacobian_spectrum(chain, mixed)
    curve = evaluate.contraction_curve(chain, mixed, [0.5])
    monkeypatch.setattr("entivec.evaluate._encoder.MOST_FLOATS", 300)
    pd.testing.assert_series_equal(evaluate.jacobian_spectrum(chain, mixed), whole)
    pd.testing.assert_frame_equal(evaluate.contraction_curve(chain, mixed, [0.5]), curve)


def test_spectrum_of_a_sample(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    one = evaluate.jacobian_spectrum(chain, mixed, n_rows=1, random_state=4)
    each = [evaluate.jacobian_spectrum(chain, mixed.iloc[[i]]) for i in range(len(mixed))]
    assert sum(np.allclose(one, other) for other in each) == 1
    assert not np.allclose(one, evaluate.jacobian_spectrum(chain, mixed, n_rows=1, random_state=5))


# contraction_curve


def test_ratio_near_a_row_is_that_of_the_jacobian(model: Any, mixed: pd.DataFrame) -> None:
    row = mixed.iloc[[5]]  # without its colour and its date
    reference = Reference(model)
    x, is_value = reference.rows(row)
    directions = np.random.default_rng(1).standard_normal((50_000, x.shape[1])) * is_value
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    moved = np.linalg.norm(reference.jacobians(x, is_value)[0] @ directions.T, axis=0)
    curve = evaluate.contraction_curve(model, row, [0.01], n_directions=50_000)
    assert curve["ratio"].item() == pytest.approx(moved.mean(), rel=0.02)


def test_ratio_far_from_a_row_is_that_of_the_encoder(model: Any, mixed: pd.DataFrame) -> None:
    row = mixed.iloc[[5]]
    reference = Reference(model)
    x, is_value = reference.rows(row)
    directions = np.random.default_rng(1).standard_normal((50_000, x.shape[1])) * is_value
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    moved = np.linalg.norm(reference.codes(x + 10 * directions) - reference.codes(x), axis=1)
    curve = evaluate.contraction_curve(model, row, [10], n_directions=50_000)
    assert curve["ratio"].item() == pytest.approx(moved.mean() / 10, rel=0.02)


def test_ratio_of_a_linear_model_is_the_same_at_every_radius(
    pca: AutoEncoder, mixed: pd.DataFrame
) -> None:
    curve = evaluate.contraction_curve(pca, mixed, [0.01, 1, 100])
    np.testing.assert_allclose(curve["ratio"], curve["ratio"][0], rtol=1e-3)
    norms = evaluate.jacobian_norm(pca, mixed)
    assert 0 < curve["ratio"][0] < norms.max()


def test_a_saturating_encoder_falls_off_with_the_distance(
    chain: AutoEncoder, mixed: pd.DataFrame
) -> None:
    curve = evaluate.contraction_curve(chain, mixed, [1, 10, 100, 1000])
    assert curve["ratio"].is_monotonic_decreasing
    # All units at their ends: distances of codes are bounded, so a tenth at ten times the radius.
    assert curve["ratio"][3] == pytest.approx(curve["ratio"][2] / 10, rel=0.1)


def test_curve_is_a_table_in_the_order_of_the_radii(
    chain: AutoEncoder, mixed: pd.DataFrame
) -> None:
    curve = evaluate.contraction_curve(chain, mixed, [10, 0.1, 1])
    assert list(curve.columns) == ["radius", "ratio", "spread"]
    assert list(curve["radius"]) == [10, 0.1, 1]
    assert curve["ratio"][1] > curve["ratio"][0]
    alone = evaluate.contraction_curve(chain, mixed, (0.1,))
    pd.testing.assert_frame_equal(alone, curve.iloc[[1]].reset_index(drop=True))


def test_spread_is_over_rows(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    one = evaluate.contraction_curve(chain, mixed, [1], n_rows=1)
    assert one["spread"].item() == 0
    assert evaluate.contraction_curve(chain, mixed, [1])["spread"].item() > 0


def test_rows_without_any_value_do_not_count(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    rows = mixed.iloc[[6, 0]].astype({"member": "boolean"})  # the bag of r6 is empty
    for name in ("size", "age", "colour", "since", "member"):
        rows.loc["r6", name] = None
    empty, other = rows.iloc[[0]], rows.iloc[[1]]
    assert evaluate.jacobian_norm(chain, empty).item() == 0
    pd.testing.assert_frame_equal(
        evaluate.contraction_curve(chain, rows, [1]), evaluate.contraction_curve(chain, other, [1])
    )
    with pytest.raises(ValueError, match="Every row of X is missing throughout"):
        evaluate.contraction_curve(chain, empty, [1])


# saturated_share


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_share_is_that_of_flat_units(mixed: pd.DataFrame, activation: str) -> None:
    model = fit(mixed, activation=activation, linear_path=False, learning_rate=0.05, max_steps=200)
    reference = Reference(model)
    before, _ = reference.pre_activations(reference.rows(mixed)[0])
    act = ACTIVATIONS[activation]
    flat = {
        "tanh": lambda h: abs(h) > 0.9,
        "sigmoid": lambda h: abs(h - 0.5) > 0.45,
        "relu": lambda h: h == 0,
    }[activation]
    share = evaluate.saturated_share(model, mixed)
    assert list(share.index) == [1, 2]
    assert share.index.name == "layer"
    assert share.name == "saturated_share"
    np.testing.assert_allclose(share, [flat(act(a)).mean() for a in before], atol=0.01)
    assert share.max() > 0.02


def test_a_higher_threshold_counts_more(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    low, high = (evaluate.saturated_share(chain, mixed, threshold=at) for at in (0.5, 0.95))
    assert (low < high).all()


def test_a_linear_model_has_no_layer_that_saturates(pca: AutoEncoder, mixed: pd.DataFrame) -> None:
    share = evaluate.saturated_share(pca, mixed)
    assert share.empty
    assert share.dtype == np.float64


def test_the_code_of_a_contractive_autoencoder_is_its_last_layer(mixed: pd.DataFrame) -> None:
    share = evaluate.saturated_share(fit(mixed, StackedCAE), mixed)
    assert list(share.index) == [1, 2, 3]
    one = fit(mixed, CAE, contraction=0, learning_rate=0.1, max_steps=1000)
    code = one.transform(mixed)
    share = evaluate.saturated_share(one, mixed)
    assert share.item() == pytest.approx((code.abs() > 0.9).to_numpy().mean(), abs=0.01)
    assert share.item() > 0.05


# Convolutions, which the reference above does not know: the network itself on moved rows


@pytest.mark.parametrize("linear_path", [False, True])
def test_diagnostics_of_convolutions(mixed: pd.DataFrame, linear_path: bool) -> None:
    parameters = {"channels": (3, 4), "activation": "tanh", "linear_path": linear_path}
    model = fit(mixed, ConvAutoEncoder, max_steps=1000, learning_rate=0.01, **parameters)
    assert not model.network_.linear_heads, "this case must not fall back to PCA"
    encode = EncodedRowEncoder(model.network_, 1)
    x, is_value = encoded(model.table_.layout_, model.table_.transform(mixed))
    np.testing.assert_allclose(encode(x), model.transform(mixed), atol=1e-5)

    step = np.float32(0.01)
    columns = [
        (encode(x + step * unit) - encode(x - step * unit)) / (2 * step)
        for unit in np.eye(x.shape[1], dtype=np.float32)
    ]
    jacobians = np.stack(columns, axis=2) * is_value[:, None, :]
    norms = evaluate.jacobian_norm(model, mixed)
    np.testing.assert_allclose(norms, np.linalg.norm(jacobians, axis=(1, 2)), rtol=5e-3)
    probed = evaluate.jacobian_norm(model, mixed, method="probe", n_probes=2000)
    np.testing.assert_allclose(probed, norms, rtol=0.1)
    spectrum = evaluate.jacobian_spectrum(model, mixed)
    expected = np.linalg.svd(jacobians, compute_uv=False).mean(axis=0)
    np.testing.assert_allclose(spectrum, expected, rtol=1e-2)
    assert evaluate.saturated_share(model, mixed).empty


# What is refused

EVERY = {
    "jacobian_norm": evaluate.jacobian_norm,
    "jacobian_spectrum": evaluate.jacobian_spectrum,
    "contraction_curve": lambda model, X: evaluate.contraction_curve(model, X, [1]),
    "saturated_share": evaluate.saturated_share,
}


@pytest.mark.parametrize("diagnose", EVERY.values(), ids=EVERY)
def test_a_model_that_is_none_of_ours_is_an_error(diagnose: Any) -> None:
    with pytest.raises(TypeError, match=r"model must be a fitted estimator .* of type Pipeline"):
        diagnose(make_pipeline(StandardScaler(), AutoEncoder()), EXAMPLE)
    with pytest.raises(TypeError, match=r"such as AutoEncoder\(\), got AutoEncoder"):
        diagnose(AutoEncoder, EXAMPLE)


@pytest.mark.parametrize("diagnose", EVERY.values(), ids=EVERY)
def test_a_model_that_is_not_fitted_is_an_error(diagnose: Any) -> None:
    with pytest.raises(NotFittedError, match="This AutoEncoder instance is not fitted"):
        diagnose(AutoEncoder(), EXAMPLE)


@pytest.mark.parametrize("diagnose", EVERY.values(), ids=EVERY)
def test_another_table_is_an_error_that_names_the_column(chain: AutoEncoder, diagnose: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        diagnose(chain, mixed_table().drop(columns="size"))


@pytest.mark.parametrize(
    ("diagnose", "message"),
    [
        (lambda m, X: evaluate.jacobian_norm(m, X, method="fast"), "method must be 'exact' or"),
        (
            lambda m, X: evaluate.jacobian_norm(m, X, method="probe", n_probes=0),
            "n_probes must be a whole number of at least 1, got 0",
        ),
        (lambda m, X: evaluate.jacobian_spectrum(m, X, n_rows=2.5), "n_rows must be .* got 2.5"),
        (lambda m, X: evaluate.contraction_curve(m, X, [1], n_rows=True), "n_rows .* got True"),
        (
            lambda m, X: evaluate.contraction_curve(m, X, [1], n_directions=-1),
            "n_directions must be .* got -1",
        ),
        (lambda m, X: evaluate.contraction_curve(m, X, []), r"radii must be .* got \[\]"),
        (lambda m, X: evaluate.contraction_curve(m, X, 1.0), "radii must be .* got 1.0"),
        (lambda m, X: evaluate.contraction_curve(m, X, [1, 0]), r"none below 0.0001; got \[1, 0\]"),
        (lambda m, X: evaluate.contraction_curve(m, X, [np.inf]), r"radii must be .* got \[inf\]"),
        (lambda m, X: evaluate.contraction_curve(m, X, ["far"]), r"radii must be .* got \['far'\]"),
        (lambda m, X: evaluate.saturated_share(m, X, threshold=0), "threshold .* got 0"),
        (lambda m, X: evaluate.saturated_share(m, X, threshold=1.5), "threshold .* got 1.5"),
        (lambda m, X: evaluate.saturated_share(m, X, threshold="x"), "threshold .* got 'x'"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_shows_it(
    chain: AutoEncoder, mixed: pd.DataFrame, diagnose: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        diagnose(chain, mixed)


def test_diagnostics_leave_the_model_as_it_was(chain: AutoEncoder, mixed: pd.DataFrame) -> None:
    params = chain.network_.params.copy()
    for diagnose in EVERY.values():
        diagnose(chain, mixed)
    np.testing.assert_array_equal(chain.network_.params, params)


@pytest.mark.parametrize("diagnose", EVERY.values(), ids=EVERY)
def test_the_same_for_any_number_of_threads(
    chain: AutoEncoder, mixed: pd.DataFrame, diagnose: Any
) -> None:
    many = pd.concat([mixed] * 5, ignore_index=True)
    results = [diagnose(chain.set_params(n_jobs=n), many) for n in (1, 2, 3)]
    chain.set_params(n_jobs=None)
    for result in results[1:]:
        assert result.equals(results[0])
