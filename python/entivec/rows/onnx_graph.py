"""Encoders over rows as ONNX graphs, their codec included (extra ``onnx``)."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np

from entivec.rows.network import Network, Sizes
from entivec.table.blocks import MISSING, OTHER
from entivec.table.categorical import CategoricalColumn
from entivec.table.cells import BOOL, NUMBER, TEXT, column_error, shown
from entivec.table.continuous import ContinuousColumn
from entivec.table.scaling import Scaler
from entivec.table.temporal import DatetimeColumn
from entivec.table.ticks import ticks_per_day

OPSET, ML_OPSET = 18, 3
_NAT = np.iinfo(np.int64).min
_BEND = 3.0  # of the squash, as in table/scaling.py
_GELU = (0.7978845608028654, 0.044715)


def to_onnx(model: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """Turn a fitted encoder over rows into an ONNX model: a column in, an embedding out.

    The inputs have the names of the columns and the shape (n, 1): numbers as double, missing ones
    NaN; text as string, a missing one empty; truth values as bool; dates as int64 ticks of the
    column's unit, missing ones the least int64. Unknown text is *other*, as in `transform`. Text
    is met as it stands, blanks around it and all.

    Parameters
    ----------
    model : AutoEncoder, DenoisingAutoEncoder, CAE, StackedCAE or DeepCAE
        Fitted on a DataFrame.
    path : path-like, optional
        Where to write the model.

    Returns
    -------
    onnx.ModelProto
        With one output, "embedding" of shape (n, n_components_), float32.

    Raises
    ------
    ValueError
        If the model is of another kind, or a column is read in a way that a graph has not: text
        as numbers or dates, free text, several labels, counts, parts of a date.

    Examples
    --------
    >>> import entivec, pandas as pd
    >>> rows = pd.DataFrame({"age": [31.0, 45.0, 22.0, 60.0] * 5, "plan": ["a", "b", "c", "a"] * 5})
    >>> model = entivec.AutoEncoder(2, max_steps=20).fit(rows)
    >>> [column.name for column in entivec.to_onnx(model).graph.input]
    ['age', 'plan']
    """
    import onnx

    network: Network = model.network_
    sizes = network.sizes
    if sizes.variational or sizes.channels:
        raise ValueError(f"{type(model).__name__} has no ONNX graph; give an AutoEncoder or a CAE")
    if network.layout.bag_width:
        raise ValueError("a bag of counts has no ONNX graph; leave these columns out")
    graph = _Graph()
    dense: list[str] = []
    flags: list[str] = []
    levels: list[str] = []
    gaps = iter(network.layout.dense_gap.tolist())
    for column in model.table_.columns_:
        if isinstance(column, CategoricalColumn):
            levels.append(_levels(graph, column))
        elif isinstance(column, ContinuousColumn) and column.holds in (NUMBER, BOOL):
            value = graph.input(shown(column.name), np.float64)
            dense.append(_scaled(graph, value, column.scaler, flags if next(gaps) else None))
        elif isinstance(column, DatetimeColumn) and not column.parts:
            value = _days(graph, column)
            dense.append(_scaled(graph, value, column.scaler, flags if next(gaps) else None))
        elif column.block != "none":
            column_error(
                column.name, "is read in a way that an ONNX graph has not", "fit without it"
            )
    x = graph.add("Concat", *dense, *flags, *levels, axis=1)
    _network(graph, x, sizes, network.params, network.compiled[0].inputs)
    made = onnx.helper.make_model(
        graph.made(sizes.code),
        opset_imports=[
            onnx.helper.make_opsetid("", OPSET),
            onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ],
        ir_version=9,
        producer_name="entivec",
    )
    onnx.checker.check_model(made)
    if path is not None:
        onnx.save(made, os.fspath(path))
    return made


class _Graph:
    """Nodes of a graph as they are added."""

    def __init__(self) -> None:
        self._inputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, dtype: Any) -> str:
        from onnx import TensorProto, helper

        kinds: dict[Any, Any] = {
            np.float64: TensorProto.DOUBLE,
            np.int64: TensorProto.INT64,
            np.bool_: TensorProto.BOOL,
            str: TensorProto.STRING,
        }
        self._inputs.append(helper.make_tensor_value_info(name, kinds[dtype], ["n", 1]))
        return name

    def constant(self, value: Any, dtype: Any) -> str:
        from onnx import numpy_helper

        name = f"constant {len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"value {len(self._nodes)}"
        self._nodes.append(
            helper.make_node(kind, list(inputs), [name], domain=domain, **attributes)
        )
        return name

    def cast(self, value: str, dtype: Any) -> str:
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def made(self, width: int) -> Any:
        from onnx import TensorProto, helper

        last = self._nodes[-1]
        last.output[0] = "embedding"
        out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", width])
        return helper.make_graph(self._nodes, "entivec", self._inputs, [out], self._constants)


def _levels(graph: _Graph, column: CategoricalColumn) -> str:
    """One-hot codes (n, levels) of a categorical column, float32."""
    codes = np.arange(OTHER + 1, OTHER + 1 + len(column.levels))
    if column.families == (TEXT,):
        keys, values = [*column.levels], [*codes.tolist()]
        if "" not in keys:
            keys, values = ["", *keys], [MISSING, *values]
        value = graph.input(shown(column.name), str)
        code = graph.add(
            "LabelEncoder",
            value,
            domain="ai.onnx.ml",
            keys_strings=keys,
            values_int64s=values,
            default_int64=OTHER,
        )
        every = graph.constant(np.arange(len(column.share))[np.newaxis], np.int64)
        return graph.cast(graph.add("Equal", code, every), np.float32)
    if column.families not in ((NUMBER,), (BOOL,)):
        column_error(column.name, "holds several kinds of levels", "fit without it")
    if column.families == (BOOL,):
        value = graph.cast(graph.input(shown(column.name), np.bool_), np.float64)
    else:
        value = graph.input(shown(column.name), np.float64)
    known = graph.constant([[float(level) for level in column.levels]], np.float64)
    hit = graph.cast(graph.add("Equal", value, known), np.float32)
    missing = graph.cast(graph.add("IsNaN", value), np.float32)
    axes = graph.constant([1], np.int64)
    found = graph.add("Add", graph.add("ReduceSum", hit, axes), missing)
    other = graph.add("Sub", graph.constant([[1.0]], np.float32), found)
    return graph.add("Concat", missing, other, hit, axis=1)


def _days(graph: _Graph, column: DatetimeColumn) -> str:
    """Days since the first training date, double, NaN where missing."""
    ticks = graph.input(shown(column.name), np.int64)
    missing = graph.add("Equal", ticks, graph.constant([[_NAT]], np.int64))
    elapsed = graph.add("Sub", ticks, graph.constant([[column.origin]], np.int64))
    day = graph.constant([[float(ticks_per_day(column.unit))]], np.float64)
    days = graph.add("Div", graph.cast(elapsed, np.float64), day)
    return graph.add("Where", missing, graph.constant([[np.nan]], np.float64), days)


def _scaled(graph: _Graph, value: str, scaler: Scaler, flags: list[str] | None) -> str:
    """A number scaled, float32, 0 where missing; the mark of a missing one goes into `flags`."""

    def number(x: float) -> str:
        return graph.constant([[x]], np.float64)

    u = graph.add("Div", graph.add("Sub", value, number(scaler.centre)), number(scaler.width))
    if scaler.squash != "none":
        bent = graph.add("Div", u, number(_BEND))
        one = number(1.0)
        g = graph.add("Sqrt", graph.add("Add", graph.add("Mul", bent, bent), one))
        if scaler.squash == "root":
            g = graph.add("Sqrt", graph.add("Div", graph.add("Add", g, one), number(2.0)))
        u = graph.add("Div", u, g)
    scaled = graph.add("Div", graph.add("Sub", u, number(scaler.mean)), number(scaler.sd))
    missing = graph.add("IsNaN", value)
    if flags is not None:
        flags.append(graph.cast(missing, np.float32))
    zero = graph.constant([[0.0]], np.float32)
    return graph.add("Where", missing, zero, graph.cast(scaled, np.float32))


def _network(graph: _Graph, x: str, sizes: Sizes, params: np.ndarray, inputs: int) -> str:
    """The encoder: the linear path and the first hidden layer are one product."""
    widths = [*sizes.hidden, sizes.code] if sizes.hidden or sizes.code_activation else []
    linear = sizes.code if sizes.linear_path or not widths else 0
    out = linear + (widths[0] if widths else 0)
    rest = params[inputs * out + out :]
    kernel, bias = np.split(params[: inputs * out + out], [inputs * out])
    first = _affine(graph, x, kernel.reshape(inputs, out), bias)
    if not widths:
        return first
    h = _columns(graph, first, linear, out)
    h = _activated(graph, h, sizes.activation)
    for layer, (wide, narrow) in enumerate(pairwise(widths)):
        kernel, rest = rest[: wide * narrow].reshape(wide, narrow), rest[wide * narrow :]
        h, rest = _affine(graph, h, kernel, rest[:narrow]), rest[narrow:]
        if layer < len(widths) - 2 or sizes.code_activation:
            h = _activated(graph, h, sizes.activation)
    if not linear:
        return graph.add("Identity", h)
    return graph.add("Add", _columns(graph, first, 0, linear), h)


def _affine(graph: _Graph, x: str, kernel: np.ndarray, bias: np.ndarray) -> str:
    product = graph.add("MatMul", x, graph.constant(kernel, np.float32))
    return graph.add("Add", product, graph.constant(bias, np.float32))


def _columns(graph: _Graph, x: str, first: int, last: int) -> str:
    ends = [graph.constant([value], np.int64) for value in (first, last, 1)]
    return graph.add("Slice", x, *ends)


def _activated(graph: _Graph, x: str, activation: str) -> str:
    simple = {"identity": "Identity", "tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}
    if activation in simple:
        return graph.add(simple[activation], x)
    if activation == "silu":
        return graph.add("Mul", x, graph.add("Sigmoid", x))
    scale, cubic = (graph.constant(value, np.float32) for value in _GELU)
    one, half = graph.constant(1.0, np.float32), graph.constant(0.5, np.float32)
    cube = graph.add("Mul", graph.add("Mul", x, x), x)
    inner = graph.add("Mul", scale, graph.add("Add", x, graph.add("Mul", cubic, cube)))
    bent = graph.add("Add", one, graph.add("Tanh", inner))
    return graph.add("Mul", graph.add("Mul", half, x), bent)
