"""The compiled core against PyTorch: loss, every gradient and ten steps of training.

The files come from ``tests/golden/make_goldens.py``; the C++ tests replay them in double.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from entivec import _core

FOLDER = Path(__file__).parents[1] / "golden"
# Cells of recurrent networks are replayed in C++ alone.
CASES = sorted(path.stem for path in FOLDER.glob("*.txt") if path.stem not in ("gru", "lstm"))


def read_golden(name):
    """The activation's name and every block of numbers as a float64 matrix."""
    lines = iter((FOLDER / f"{name}.txt").read_text().splitlines())
    activation, blocks = next(lines), {}
    for header in lines:
        block, rows, columns = header.split()
        values = [[float(number) for number in next(lines).split()] for _ in range(int(rows))]
        blocks[block] = np.array(values).reshape(int(rows), int(columns))
    return activation, blocks


def integers(blocks, name):
    return blocks[name][0].astype(int).tolist() if name in blocks else []


def build_table(blocks, of=""):
    """The layout and the table; `of` is empty, or "guide_" for the targets of a guided code."""
    layout = _core.Layout(
        dense_source=integers(blocks, of + "dense_source"),
        dense_gap=blocks[of + "dense_gap"][0].astype(bool).tolist(),
        code_source=integers(blocks, of + "code_source"),
        levels=integers(blocks, of + "levels"),
        first_target=integers(blocks, of + "first_target"),
        share=blocks[of + "share"][0].tolist(),
        bag_source=int(blocks[of + "bag_source"].item()),
        bag_share=blocks[of + "bag_share"][0].tolist(),
        source_weight=blocks.get(of + "source_weight", np.empty((1, 0)))[0].tolist(),
    )
    bags = csr_matrix(blocks[of + "bags"].astype(np.float32))
    table = _core.Table(
        layout,
        blocks[of + "dense"].astype(np.float32),
        blocks[of + "codes"].astype(np.int32),
        bags.indptr.astype(np.int32),
        bags.indices.astype(np.int32),
        bags.data,
    )
    return layout, table


def build(name):
    """The model, the table, its guide or None, the parameters, and the blocks of the file."""
    activation, blocks = read_golden(name)
    # A setting that a case does not use stands not in its file.
    numbers = {"code_activation": 0, "contraction_kind": 0, "contraction": 0, "variational": 0}
    numbers |= {"temperature": 1, "divergence_weight": 1, "capacity": -1, "bernoulli": 0}
    numbers |= {"categorical_capacity": 0, "tied_weights": 0}
    numbers |= {key: value.item() for key, value in blocks.items() if value.size == 1}
    layout, table = build_table(blocks)
    guide_layout, guide = build_table(blocks, "guide_") if "guide_dense" in blocks else (None, None)
    model = _core.AutoEncoder(
        layout,
        _core.Shape(
            hidden=integers(blocks, "hidden"),
            code=int(numbers["code"]),
            activation=activation,
            linear_path=bool(numbers["linear_path"]),
            nonlinear_penalty=numbers["nonlinear_penalty"],
            l2=numbers["l2"],
            code_activation=bool(numbers["code_activation"]),
            channels=integers(blocks, "channels"),
            contraction=(None, "layers", "whole")[int(numbers["contraction_kind"])],
            contraction_weight=numbers["contraction"],
            probes=0,
            gram=True,
            variational=bool(numbers["variational"]),
            categories=integers(blocks, "categories"),
            temperature=numbers["temperature"],
            divergence_weight=numbers["divergence_weight"],
            capacity=None if numbers["capacity"] < 0 else numbers["capacity"],
            categorical_capacity=numbers["categorical_capacity"],
            bernoulli=bool(numbers["bernoulli"]),
            tied_weights=bool(numbers["tied_weights"]),
        ),
        guide_layout,
    )
    return model, table, guide, blocks["params"][0].astype(np.float32), blocks


def with_rows_of_equal_weight(block):
    """Cases with this block that functions without row weights can replay."""
    files = {name: read_golden(name)[1] for name in CASES}
    return [name for name, blocks in files.items() if block in blocks and "weight" not in blocks]


@pytest.mark.parametrize("name", with_rows_of_equal_weight("gradient"))
def test_loss_and_every_gradient(name):
    model, table, guide, params, blocks = build(name)
    loss, gradient = _core.RowModel(model, table, guide=guide).loss_and_gradient(params)
    expected = blocks["gradient"][0]
    # Where the loss has noise in it, the first step's is another's.
    assert loss == pytest.approx(blocks.get("loss", blocks["losses"])[0, 0], rel=1e-5)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_ten_training_steps(name):
    model, table, guide, params, blocks = build(name)
    zeros = np.zeros_like(params)
    weight = blocks["weight"][0].astype(np.float32) if "weight" in blocks else None
    trainer = _core.Trainer(
        _core.RowModel(model, table, weight, guide=guide),
        np.arange(table.rows),
        (params, zeros, zeros, 0),
        _core.TrainingOptions(
            batch_size=table.rows,
            total_steps=10,
            learning_rate=blocks["learning_rate"].item(),
            schedule="constant",
            threads=2,
        ),
    )
    losses = [trainer.run(1) for _ in range(10)]
    np.testing.assert_allclose(losses, blocks["losses"][0], rtol=1e-5)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", with_rows_of_equal_weight("penalty"))
def test_the_contractive_penalty_alone(name):
    model, table, _, params, blocks = build(name)
    penalty, _ = _core.TablePenalty(model, table, threads=2).value_and_gradient(params, seed=0)
    assert penalty == pytest.approx(blocks["penalty"].item(), rel=1e-5)


def test_cases_are_there():
    assert len(CASES) == 22
