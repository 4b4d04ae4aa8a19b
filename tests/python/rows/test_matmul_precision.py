"""Products of large matrices in bfloat16, as the processor or the core rounds them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from entivec import VAE, AutoEncoder, ConvAutoEncoder, DeepCAE, _core, evaluate, load, versions
from entivec.rows.network import Network, Sizes
from entivec.table import Blocks, Layout

pytestmark = pytest.mark.slow

WIDE = {"hidden_layer_sizes": (300,), "max_steps": 20, "batch_size": 200}


def rounded(values):
    """To the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32).astype(float)


def linear_net(width: int, code: int) -> Network:
    sizes = Sizes((), code, "identity", linear_path=True, nonlinear_penalty=0.0, l2=0.0)
    network = Network(Layout.of_numbers(width), sizes, np.empty(0, np.float32), np.empty(0))
    network.params = network.compiled[1].initialise(0)
    return network


def gradient_of_a_step(network, table, **options):
    """The core's, from Adam's first moment."""
    zeros = np.zeros_like(network.params)
    trainer = _core.Trainer(
        _core.RowModel(network.compiled[1], table),
        np.arange(table.rows),
        (network.params, zeros, zeros, 0),
        _core.TrainingOptions(batch_size=table.rows, schedule="constant", **options),
    )
    trainer.run(1)
    return trainer.state[1].astype(float) / 0.1


def gradient_by_hand(network, x, operand):
    """Of the mean squared error of a linear net, whose products see `operand(matrix)`."""
    width, code = x.shape[1], network.sizes.code
    first, second = np.split(network.params.astype(float), [(width + 1) * code])
    w, b = first[:-code].reshape(width, code), first[-code:]
    v, c = second[:-width].reshape(code, width), second[-width:]
    z = operand(x) @ operand(w) + b
    dy = 2 * (operand(z) @ operand(v) + c - x) / x.size
    dz = operand(dy) @ operand(v).T
    parts = [operand(x).T @ operand(dz), dz.sum(0), operand(z).T @ operand(dy), dy.sum(0)]
    return np.concatenate([part.ravel() for part in parts])


# Columns and rows that fill no vectors, an odd depth, one beyond what a panel holds.
@pytest.mark.parametrize(
    ("width", "code", "rows"), [(1000, 327, 256), (611, 203, 130), (301, 161, 67)]
)
def test_a_step_is_that_of_rounded_operands(width, code, rows):
    network = linear_net(width, code)
    x = np.random.default_rng(0).standard_normal((rows, width), dtype=np.float32)
    table = network.table(Blocks.of_numbers(x))

    def off(gradient, operand):
        expected = gradient_by_hand(network, x.astype(float), operand)
        return np.linalg.norm(gradient - expected) / np.linalg.norm(expected)

    exact = gradient_of_a_step(network, table, threads=2, matmul_precision="float32")
    coarse = gradient_of_a_step(network, table, threads=2, matmul_precision="bfloat16")
    assert off(exact, np.asarray) < 1e-5
    assert off(coarse, rounded) < 1e-4
    assert 1e-3 < off(coarse, np.asarray) < 2e-2
    one_thread = gradient_of_a_step(network, table, threads=1, matmul_precision="bfloat16")
    np.testing.assert_array_equal(one_thread, coarse)


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((900, 30)) @ rng.standard_normal((30, 400))
    return pd.DataFrame(values + 0.1 * rng.standard_normal(values.shape)).add_prefix("column")


CPUINFO = Path("/proc/cpuinfo")


@pytest.mark.skipif(not CPUINFO.exists(), reason="no /proc/cpuinfo on this platform")
def test_native_means_that_the_processor_has_it():
    native = _core.level == "v4" and "avx512_bf16" in CPUINFO.read_text()
    assert _core.has_bfloat16() == native
    assert versions()["bfloat16"] == ("native" if native else "emulated")


def test_bfloat16_reaches_nearly_the_same_losses_in_the_same_bits(wide, tmp_path):
    free = {"linear_path": False, **WIDE}  # where the guard keeps PCA, no bits of a network show
    exact = AutoEncoder(20, **free).fit(wide)
    coarse = AutoEncoder(20, matmul_precision="bfloat16", n_jobs=1, **free).fit(wide)
    again = AutoEncoder(20, matmul_precision="bfloat16", n_jobs=2, **free).fit(wide)
    assert coarse.network_.params.tobytes() == again.network_.params.tobytes()
    losses = exact.history_["train_loss"], coarse.history_["train_loss"]
    assert (losses[0] != losses[1]).any()
    np.testing.assert_allclose(*losses, rtol=0.01)
    guarded = AutoEncoder(20, matmul_precision="bfloat16", **WIDE).fit(wide)
    assert guarded.validation_score_ >= guarded.pca_validation_score_
    coarse.save(tmp_path / "model.entivec")
    loaded = load(tmp_path / "model.entivec")
    assert loaded.matmul_precision == "bfloat16"
    np.testing.assert_array_equal(loaded.transform(wide), coarse.transform(wide))


@pytest.mark.parametrize(
    "model",
    [
        DeepCAE(20, contraction=0.1, jacobian="exact", **WIDE),
        DeepCAE(20, contraction=0.1, jacobian="probe", **WIDE),
        VAE(20, **WIDE),
        ConvAutoEncoder(20, max_steps=12),
    ],
    ids=["exact", "probe", "variational", "convolutional"],
)
def test_every_family_reaches_nearly_the_same_losses_and_jacobians(wide, model):
    exact = clone(model).fit(wide)
    coarse = clone(model).set_params(matmul_precision="bfloat16").fit(wide)
    assert coarse.network_.params.tobytes() != exact.network_.params.tobytes()
    losses = exact.history_["train_loss"], coarse.history_["train_loss"]
    np.testing.assert_allclose(*losses, rtol=0.01)
    norms = [evaluate.jacobian_norm(fit, wide.head(50)) for fit in (exact, coarse)]
    np.testing.assert_allclose(*norms, rtol=0.01)
