"""Embedding a million rows against ONNX Runtime (f), and one row (g)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from onnx import TensorProto, helper, numpy_helper
from timing import Line, alternate, at_least, at_most, check_agreement, medians_of

import entivec
from entivec.rows.network import Network
from entivec.table import Blocks

from .nets import Net

THREADS = 2
FASTER = 2.0
TOLERANCE = 1e-4
PIECES = (256, 1024, 4096, 16384)  # rows that ONNX Runtime is given at a time: the best one counts
ARRAY_MICROSECONDS = 30.0
FRAME_MILLISECONDS = 1.5


def onnx_encoder(net: Net, params: np.ndarray) -> bytes:
    """The encoder as an ONNX graph: categories are gathered, then the layers follow."""
    tensors, nodes, at = [], [], 0

    def take(name: str, *shape: int) -> str:
        nonlocal at
        size = int(np.prod(shape))
        tensors.append(numpy_helper.from_array(params[at : at + size].reshape(shape), name))
        at += size
        return name

    numbers, hidden = net.widths[0], net.widths[1]
    categories = sum(net.levels) + 2 * len(net.levels)
    kernel = take("kernel0", numbers, hidden)
    rows = take("rows", categories, hidden) if categories else ""
    bias = take("bias0", hidden)
    nodes.append(helper.make_node("Gemm", ["x", kernel, bias], ["h0"]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", numbers])]
    value = "h0"
    if categories:
        first = np.cumsum([0, *(levels + 2 for levels in net.levels[:-1])]).astype(np.int64)
        tensors.append(numpy_helper.from_array(first, "first"))
        tensors.append(numpy_helper.from_array(np.array([1]), "axis"))
        inputs.append(
            helper.make_tensor_value_info("codes", TensorProto.INT64, ["n", len(net.levels)])
        )
        nodes += [
            helper.make_node("Add", ["codes", "first"], ["positions"]),
            helper.make_node("Gather", [rows, "positions"], ["looked_up"]),
            helper.make_node("ReduceSum", ["looked_up", "axis"], ["summed"], keepdims=0),
            helper.make_node("Add", ["h0", "summed"], ["h"]),
        ]
        value = "h"
    for layer, (n_in, n_out) in enumerate(pairwise(net.widths[1:]), start=1):
        names = [take(f"kernel{layer}", n_in, n_out), take(f"bias{layer}", n_out)]
        nodes.append(helper.make_node("Relu", [value], [f"active{layer}"]))
        nodes.append(helper.make_node("Gemm", [f"active{layer}", *names], [f"h{layer}"]))
        value = f"h{layer}"
    output = helper.make_tensor_value_info(value, TensorProto.FLOAT, ["n", net.widths[-1]])
    graph = helper.make_graph(nodes, "encoder", inputs, [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised


def onnx_session(net: Net, network: Network) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        onnx_encoder(net, network.params), options, providers=["CPUExecutionProvider"]
    )


def onnx_encode(session: Any, blocks: Blocks, codes: np.ndarray, piece: int) -> np.ndarray:
    """Embed all rows, `piece` at a time."""
    n, names = len(blocks.dense), [given.name for given in session.get_inputs()]
    arrays = dict(zip(("x", "codes"), (blocks.dense, codes), strict=True))
    parts = []
    for first in range(0, n, piece):
        feed = {name: arrays[name][first : first + piece] for name in names}
        parts.append(session.run(None, feed)[0])
    return np.concatenate(parts)


def measure_many(key: str, net: Net, rows: int, runs: int) -> tuple[dict[str, Any], list[Line]]:
    """Time the embedding of many rows whose cells are read already, as ONNX Runtime has them."""
    network, blocks = net.network(), net.blocks(rows)
    codes = blocks.codes.astype(np.int64)  # outside the clock
    session = onnx_session(net, network)
    what = f"f {key} {net.name}, {rows:,} rows"
    check_agreement(
        f"{what}, codes",
        network.encode(blocks, THREADS),
        onnx_encode(session, blocks, codes, PIECES[-1]),
        TOLERANCE,
    )
    contenders: dict[str, Callable[[], Any]] = {
        f"ONNX Runtime, {piece} rows at a time": lambda piece=piece: onnx_encode(
            session, blocks, codes, piece
        )
        for piece in PIECES
    }
    contenders["entivec"] = lambda: network.encode(blocks, THREADS)
    seconds = alternate(contenders, runs)
    medians = medians_of(seconds)
    best = min(seconds_ for name, seconds_ in medians.items() if name != "entivec")
    ratio = best / medians["entivec"]
    found = {"case": f"f {key}", "net": net._asdict(), "rows": rows, "seconds": seconds}
    found |= {"medians": medians, "ratios": {"ONNX Runtime": ratio}}
    return found, [at_least(f"{what}, against ONNX Runtime at its best", ratio, FASTER)]


def measure_tables(rows: int, runs: int) -> tuple[dict[str, Any], list[Line]]:
    """Time `transform` of 100 columns of numbers, reading and scaling counted."""
    array = np.random.default_rng(0).standard_normal((rows, 100)).astype(np.float32)
    frame = pd.DataFrame(array, columns=[f"number{j}" for j in range(100)]).astype(np.float64)
    calls: dict[str, Callable[[], Any]] = {}
    for name, table in (("an array", array), ("a DataFrame", frame)):
        few = table[:1000]
        model = entivec.AutoEncoder(max_steps=20, n_jobs=THREADS).fit(few)
        check_agreement(f"f, {name}", model.transform(table)[:1000], model.transform(few), 0)
        calls[f"transform of {name}"] = lambda model=model, table=table: model.transform(table)
    seconds = alternate(calls, runs)
    medians = medians_of(seconds)
    found = {"case": "f 100 columns", "rows": rows, "seconds": seconds, "medians": medians}
    lines = [
        Line(f"f {rows:,} rows of 100 columns, {name}", f"{1000 * median:.0f} ms", "—", True)
        for name, median in medians.items()
    ]
    return found, lines


def microseconds_of(call: Callable[[], Any], calls: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1e6 * statistics.median(times)


def thirty_columns(rows: int) -> pd.DataFrame:
    """Return 20 columns of numbers and 10 of text."""
    rng = np.random.default_rng(0)
    numbers = {f"number{j}": rng.standard_normal(rows) for j in range(20)}
    labels = np.array([f"level {k}" for k in range(8)], dtype=object)
    texts = {f"text{j}": labels[rng.integers(0, 8, rows)] for j in range(10)}
    return pd.DataFrame({**numbers, **texts})


def measure_one(calls: int) -> tuple[dict[str, Any], list[Line]]:
    """Time `transform` of one row: of an array, and of a DataFrame of 30 columns."""
    frame = thirty_columns(2000)
    array = frame[[name for name in frame if name.startswith("number")]].to_numpy(np.float32)
    by_array = entivec.AutoEncoder(max_steps=20, n_jobs=THREADS).fit(array)
    by_frame = entivec.AutoEncoder(max_steps=20, n_jobs=THREADS).fit(frame)
    row, line = array[:1], frame.iloc[[0]]
    check_agreement("g, array", by_array.transform(row), by_array.transform(array)[:1], TOLERANCE)
    check_agreement(
        "g, DataFrame", by_frame.transform(line), by_frame.transform(frame)[:1], TOLERANCE
    )
    for call in (lambda: by_array.transform(row), lambda: by_frame.transform(line)):
        microseconds_of(call, calls // 10)
    of_array = microseconds_of(lambda: by_array.transform(row), calls)
    of_frame = microseconds_of(lambda: by_frame.transform(line), calls) / 1000
    found = {"case": "g", "array_microseconds": of_array, "frame_milliseconds": of_frame}
    return found, [
        at_most("g one row, array of 20 columns", of_array, ARRAY_MICROSECONDS, " µs"),
        at_most("g one row, DataFrame of 30 columns", of_frame, FRAME_MILLISECONDS, " ms"),
    ]
