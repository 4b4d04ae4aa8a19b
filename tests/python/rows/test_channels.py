"""Columns of two levels: positions with several channels, which one network reads together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec import ConvAutoEncoder, JointVAE

POSITIONS, PERIODS = ["milk", "bread", "wine", "soap"], [-3, -2, -1]
QUICK = {"channels": (3, 4), "max_steps": 30}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_frame(rows=200, seed=0):
    """Facts of products in periods."""
    random = np.random.default_rng(seed)
    level = random.gamma(2.0, 1.0, (rows, len(POSITIONS), 1))
    facts = random.poisson(level * np.linspace(1, 3, 3)).reshape(rows, -1)
    columns = pd.MultiIndex.from_product([POSITIONS, PERIODS], names=["product", "period"])
    index = pd.Index([f"c{i}" for i in range(rows)], name="customer")
    return pd.DataFrame(facts.astype(float), index=index, columns=columns)


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def model(frame):
    return ConvAutoEncoder(3, **QUICK).fit(frame)


def test_channels_are_read_together(model, frame):
    sizes = model.network_.sizes
    assert sizes.position_channels == 3
    assert sizes.position_cells == tuple(range(12))
    # [3 → 3 → 4] [4 positions · 4 → 3] [3 → 4 positions · 4] [4 → 3 → 3]
    expected = (4 * 3 + 4 * 4) + (16 * 3 + 3) + (4 * 16) + (5 * 3 + 4 * 3)
    assert len(model.network_.params) == expected
    flat = frame.set_axis([f"{a} {b}" for a, b in frame.columns], axis=1)
    assert ConvAutoEncoder(3, **QUICK).fit(flat).network_.sizes.position_channels == 1
    embedding = model.transform(frame)
    assert embedding.index.equals(frame.index)
    assert np.isfinite(embedding.to_numpy()).all()
    assert model.reconstruct(frame).columns.equals(frame.columns)


def test_the_order_of_columns_does_not_show(model, frame):
    mixed = frame.sample(frac=1, axis=1, random_state=0)
    pd.testing.assert_frame_equal(model.transform(mixed), model.transform(frame))


def test_positions_share_a_network(frame):
    """Code of a row whose positions have changed places, with a dense layer that does not care."""
    model = ConvAutoEncoder(1, **QUICK, max_epochs=1, table=plain(frame)).fit(frame)
    network = model.network_
    params = network.params.copy()
    dense = params[28 : 28 + 16].reshape(4, 4)  # (positions, channels) of one output
    dense[:] = dense[0]
    network.params = params
    swapped = frame[["bread", "milk", "soap", "wine"]].set_axis(frame.columns, axis=1)
    np.testing.assert_allclose(model.transform(swapped), model.transform(frame), atol=1e-5)


def plain(frame):
    return entivec.TableEncoder(scale="none", continuous=list(frame.columns))


def test_constant_missing_and_other_columns_find_their_place(frame):
    odd = frame.drop(columns=[("wine", -3)])
    odd[("milk", -1)] = 1.0  # says nothing
    odd[("soap", -2)] = (odd[("soap", -2)] > 2).astype(float)  # two values, a number all the same
    odd.loc[odd.index[:20], ("bread", -2)] = np.nan
    odd[("segment", "name")] = np.where(np.arange(len(odd)) % 3, "a", "b")
    model = ConvAutoEncoder(3, **QUICK).fit(odd)
    assert model.network_.sizes.position_channels == 3
    names_and_cells = model.table_.get_feature_names_out(), model.network_.sizes.position_cells
    cells = dict(zip(*names_and_cells, strict=False))
    assert cells["('soap', -2)"] == 3 * 3 + 1
    assert "('milk', -1)" not in cells
    assert len(model.network_.layout.code_source) == 1
    back = model.reconstruct(odd)
    assert back.columns.equals(odd.columns)
    assert back[("milk", -1)].eq(1.0).all()
    assert back[("segment", "name")].isin(["a", "b"]).all()
    assert np.isfinite(back[("bread", -2)]).all()


def test_it_is_saved_and_loaded(model, frame, tmp_path):
    model.save(tmp_path / "m")
    again = entivec.load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.transform(frame), model.transform(frame))
    pd.testing.assert_frame_equal(again.reconstruct(frame), model.reconstruct(frame))


def test_it_learns(frame):
    """What the products of a row share over the periods needs few numbers."""
    long = ConvAutoEncoder(4, channels=(8, 8), max_steps=600, learning_rate=5e-3).fit(frame)
    short = ConvAutoEncoder(4, channels=(8, 8), max_steps=5).fit(frame)
    assert long.history_["validation_loss"].iloc[-1] < short.history_["validation_loss"].iloc[-1]
    again = ConvAutoEncoder(4, channels=(8, 8), max_steps=5, n_jobs=3).fit(frame)
    assert again.network_.params.tobytes() == short.network_.params.tobytes()


def test_jacobians_are_those_of_differences(frame):
    model = ConvAutoEncoder(2, **QUICK, table=plain(frame)).fit(frame)
    some = frame.iloc[:5]
    moved = [
        (model.transform(some + step) - model.transform(some - step)) / 2e-2
        for step in 1e-2 * np.eye(12)[:, None, :]
    ]
    norms = np.sqrt(sum(np.square(own).sum(axis=1) for own in moved))
    exact = entivec.evaluate.jacobian_norm(model, some)
    np.testing.assert_allclose(exact, norms, rtol=0.02)


def test_joint_vae_reads_channels_too(frame):
    model = JointVAE(2, categories=(), channels=(3, 4), max_steps=20).fit(frame)
    assert model.network_.sizes.position_channels == 3
    assert model.transform(frame).shape == (200, 2)


def test_periods_of_events_are_such_a_table():
    orders = entivec.datasets.make_orders(300, random_state=0)
    log = entivec.EventEncoder("customer_id", time="time", categories=["product"]).fit(orders)
    frame = log.periods(orders, period="1 month", count=6)
    model = ConvAutoEncoder(4, **QUICK).fit(frame)
    assert model.network_.sizes.position_channels == 6
    assert model.transform(frame).index.equals(frame.index)
