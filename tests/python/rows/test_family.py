"""What every estimator of the family has from the base: frames, bits, files, guarantees, errors."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import entivec
from entivec import (
    CAE,
    VAE,
    AutoEncoder,
    ConvAutoEncoder,
    DeepCAE,
    DenoisingAutoEncoder,
    JointVAE,
    StackedCAE,
)
from entivec.estimators import estimators_of

FAMILY = [getattr(entivec, name) for name in estimators_of("rows")]
VARIATIONAL = [VAE, JointVAE]
CHAINS = [CAE, StackedCAE, DeepCAE, ConvAutoEncoder, *VARIATIONAL]
family = pytest.mark.parametrize("estimator", FAMILY)
QUICK = {"max_steps": 25}
# So few steps leave a posterior where it began, of which fit warns.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(estimator, **parameters):
    """A quick model of four components."""
    if estimator is ConvAutoEncoder:
        parameters.setdefault("channels", (3, 4))
    if estimator is JointVAE:
        return estimator(1, categories=(3,), **QUICK | parameters)
    return estimator(4, **QUICK | parameters)


@family
def test_frame_in_frame_out(customers, estimator):
    embedding = small(estimator).fit_transform(customers)
    assert embedding.index.equals(customers.index)
    name = estimator.__name__.lower()
    names = [f"{name}{k}" for k in range(4)]
    if estimator is JointVAE:
        names[1:] = [f"{name}_c0_{k}" for k in range(3)]
    assert list(embedding.columns) == names
    assert np.isfinite(embedding.to_numpy()).all()


@family
def test_same_bits_for_any_number_of_threads(customers, estimator):
    noisy = {} if estimator is ConvAutoEncoder else {"dropout": 0.1}
    one, three = (
        small(estimator, n_jobs=n_jobs, **noisy).fit(customers).network_.params.tobytes()
        for n_jobs in (1, 3)
    )
    assert one == three


@family
def test_a_loaded_model_gives_the_same(customers, estimator, tmp_path):
    model = small(estimator).fit(customers)
    model.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    assert type(loaded) is estimator
    pd.testing.assert_frame_equal(loaded.transform(customers), model.transform(customers))
    pd.testing.assert_frame_equal(loaded.reconstruct(customers), model.reconstruct(customers))
    assert loaded.get_params()["n_components"] == model.n_components


# A variational model pays for its divergence, and PCA has none to take its place.
@pytest.mark.parametrize("estimator", [e for e in FAMILY if e not in VARIATIONAL])
def test_never_worse_than_pca_with_a_linear_path(customers, estimator):
    model = small(estimator, linear_path=True, learning_rate=0.3).fit(customers)
    assert model.validation_score_ >= model.pca_validation_score_


@pytest.mark.parametrize("estimator", CHAINS)
def test_pure_chains_report_pca_beside_themselves(customers, estimator):
    model = small(estimator, linear_path=False).fit(customers)
    assert not model.network_.linear_heads
    assert model.pca_validation_score_ > model.validation_score_  # after 25 steps


@family
def test_training_goes_on(customers, estimator):
    model = small(estimator, warm_start=True, schedule="constant").fit(customers)
    first = model.history_["train_loss"].iloc[-1]
    assert model.fit(customers).history_["train_loss"].iloc[-1] < first
    before = model.network_.params
    assert not np.array_equal(model.partial_fit(customers).network_.params, before)


@family
def test_reads_a_sparse_bag(estimator):
    counts = sparse.random(80, 30, density=0.2, random_state=0, format="csr") * 10
    model = small(estimator).fit(counts)
    assert model.transform(counts).shape == (80, 4)
    assert np.isfinite(model.history_["train_loss"]).all()


# One layer has no bend; two levels of a category are no curve.
@pytest.mark.parametrize("estimator", [e for e in FAMILY if e not in (CAE, JointVAE)])
def test_learns_a_curve(estimator):
    t = np.linspace(-3, 3, 400)
    table = np.column_stack([t, np.sin(t), np.cos(t), np.abs(t)])
    model = estimator(2, max_steps=1000, noise=None, learning_rate=3e-3)
    if "contraction" in model.get_params():
        model.set_params(contraction=1e-4)
    if estimator is ConvAutoEncoder:
        model.set_params(channels=(8, 16))
    assert model.fit(table).score(table) > 0.9


def test_denoising_is_autoencoder_with_noise_that_stays(customers):
    preset = small(DenoisingAutoEncoder).fit(customers)
    same = small(AutoEncoder, noise="mask", noise_level=0.25).fit(customers)
    assert preset.network_.params.tobytes() == same.network_.params.tobytes()


def test_no_contraction_is_the_chain_itself(customers):
    deep = small(DeepCAE, contraction=0.0).fit(customers)
    stacked = small(StackedCAE, contraction=0.0).fit(customers)
    assert deep.network_.params.tobytes() == stacked.network_.params.tobytes()


@pytest.mark.parametrize(
    ("estimator", "parameters", "message"),
    [
        (DeepCAE, {"activation": "relu"}, "'activation' parameter of DeepCAE"),
        (DeepCAE, {"contraction": -1}, "'contraction' parameter of DeepCAE"),
        (DeepCAE, {"jacobian": "input"}, "'jacobian' parameter of DeepCAE"),
        (DeepCAE, {"n_probes": 0}, "'n_probes' parameter of DeepCAE"),
        (CAE, {"activation": "gelu"}, "'activation' parameter of CAE"),
        (CAE, {"tied_weights": True, "linear_path": True}, "tied_weights=True leaves the decoder"),
        (CAE, {"loss": "hinge"}, "'loss' parameter of CAE"),
        (CAE, {"loss": "cross_entropy"}, "loss='cross_entropy' reads numbers as probabilities"),
        (ConvAutoEncoder, {"channels": ()}, r"channels must be positive .* got \(\)"),
        (ConvAutoEncoder, {"channels": (3, 0)}, r"channels must be positive .* got \(3, 0\)"),
        (ConvAutoEncoder, {"dropout": 0.1}, "dropout must be 0 for ConvAutoEncoder"),
        (AutoEncoder, {"guide_weight": -1.0}, "guide_weight is -1.0"),
        (AutoEncoder, {"guide_weight": {"a": "b"}}, "guide_weight of 'a' is 'b'"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(numbers, estimator, parameters, message):
    with pytest.raises(ValueError, match=message):
        estimator(**parameters).fit(numbers)
