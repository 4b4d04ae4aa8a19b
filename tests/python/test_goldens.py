"""The compiled core against PyTorch: loss, every gradient and ten steps of training.

The files come from ``tests/golden/make_goldens.py``; the C++ tests replay them in double.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from entivec import _core

FOLDER = Path(__file__).parents[1] / "golden"
CASES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def read_golden(name):
    """The activation's name and every block of numbers as a float64 matrix."""
    lines = iter((FOLDER / f"{name}.txt").read_text().splitlines())
    activation, blocks = next(lines), {}
    for header in lines:
        block, rows, columns = header.split()
        values = [[float(number) for number in next(lines).split()] for _ in range(int(rows))]
        blocks[block] = np.array(values).reshape(int(rows), int(columns))
    return activation, blocks


def build(name):
    activation, blocks = read_golden(name)
    numbers = {key: value.item() for key, value in blocks.items() if value.size == 1}
    lists = {
        key: blocks[key][0].astype(int).tolist()
        for key in ("hidden", "dense_source", "code_source", "levels", "first_target")
    }
    layout = _core.Layout(
        dense_source=lists["dense_source"],
        dense_gap=blocks["dense_gap"][0].astype(bool).tolist(),
        code_source=lists["code_source"],
        levels=lists["levels"],
        first_target=lists["first_target"],
        share=blocks["share"][0].tolist(),
        bag_source=int(numbers["bag_source"]),
        bag_share=blocks["bag_share"][0].tolist(),
    )
    bags = csr_matrix(blocks["bags"].astype(np.float32))
    table = _core.Table(
        layout,
        blocks["dense"].astype(np.float32),
        blocks["codes"].astype(np.int32),
        bags.indptr.astype(np.int32),
        bags.indices.astype(np.int32),
        bags.data,
    )
    model = _core.AutoEncoder(
        layout,
        hidden=lists["hidden"],
        code=int(numbers["code"]),
        activation=activation,
        linear_path=bool(numbers["linear_path"]),
        nonlinear_penalty=numbers["nonlinear_penalty"],
        l2=numbers["l2"],
    )
    return model, table, blocks["params"][0].astype(np.float32), blocks


@pytest.mark.parametrize("name", CASES)
def test_loss_and_every_gradient(name):
    model, table, params, blocks = build(name)
    loss, gradient = model.loss_and_gradient(params, table)
    expected = blocks["gradient"][0]
    assert loss == pytest.approx(blocks["losses"][0, 0], rel=1e-5)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_ten_training_steps(name):
    model, table, params, blocks = build(name)
    zeros = np.zeros_like(params)
    trainer = _core.Trainer(
        model,
        table,
        np.arange(table.rows),
        None,
        (params, zeros, zeros, 0),
        first_step=0,
        batch_size=table.rows,
        total_steps=10,
        learning_rate=blocks["learning_rate"].item(),
        schedule="constant",
        noise=None,
        noise_level=0.0,
        noise_span=0.0,
        unknown_rate=0.0,
        dropout=0.0,
        seed=0,
        threads=2,
    )
    losses = [trainer.run(1) for _ in range(10)]
    np.testing.assert_allclose(losses, blocks["losses"][0], rtol=1e-5)
    assert losses[-1] < losses[0]


def test_cases_are_there():
    assert len(CASES) == 6
