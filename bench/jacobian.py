"""The contractive penalty with its gradient: against PyTorch, and how its cost grows.

Exact penalties beside other ways to them, all in PyTorch (the chain from the input side, as
published; Jacobians by automatic differentiation, of all rows at once and row by row; the chain
from the code side), an epoch of training with one probe beside a plain epoch and beside the same in
PyTorch, and the time of the penalty over rows and over the input width. Values and gradients are
compared before they are timed. Needs PyTorch and matplotlib; writes results/jacobian.{json,md},
results/jacobian-rows.png and results/jacobian-width.png, and exits 1 where a bar is missed.

    python bench/jacobian.py
    python bench/jacobian.py --smoke   # tiny sizes, nothing written, no bars but agreement
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import report
import torch
from matplotlib.figure import Figure
from timing import (
    DisagreementError,
    Line,
    alternate,
    at_least,
    at_most,
    check_agreement,
    medians_of,
)
from torch import Tensor, nn

from entivec import _core
from entivec.rows.jacobian_plan import plan_jacobian
from entivec.rows.network import Sizes as NetworkSizes

THREADS = 2
TOLERANCE = 1e-4  # relative, of value and gradient, between two ways of computing them in float32
CONTRACTION = 0.1
RATE = 1.7e-4
BAG_ITEMS = 10

Leaves = list[tuple[Tensor, Tensor]]  # weight (out, in) and bias of every layer
Penalty = Callable[[Leaves, Tensor], Tensor]


class Exact(NamedTuple):
    """An encoder (input, hidden layers, code), how many rows, peers with a bar and without."""

    widths: tuple[int, ...]
    rows: int
    bars: dict[str, float]
    others: tuple[str, ...]


class Sizes(NamedTuple):
    """Everything that is smaller in a smoke run."""

    runs: int
    exact: tuple[Exact, ...]
    training: tuple[int, ...]
    training_rows: int
    batch: int
    growing: tuple[int, ...]
    rows: tuple[int, ...]
    hidden: tuple[int, ...]  # of the encoder whose input grows
    inputs: tuple[int, ...]
    rows_by_input: tuple[int, ...]


BARS = {"input side": 25.0, "vmap(jacrev)": 15.0}
FULL = Sizes(
    runs=5,
    exact=(
        Exact((1000, 256, 64, 16), 64, BARS, ("row by row", "code side")),
        Exact((784, 1024, 768, 512), 8, {"input side": 1.5}, ("code side",)),
    ),
    training=(784, 1024, 768, 512),
    training_rows=6000,
    batch=128,
    growing=(1000, 256, 64, 16),
    rows=(64, 128, 256, 512, 1024, 2048, 4096),
    hidden=(256, 256),
    inputs=(100, 300, 1000, 3000, 10_000, 30_000, 100_000),
    rows_by_input=(256, 1024, 2048),
)
SMOKE = Sizes(
    runs=1,
    exact=(
        Exact((12, 8, 6, 4), 5, BARS, ("row by row", "code side")),
        Exact((6, 9, 5, 3), 4, {"input side": 1.5}, ("code side",)),
    ),
    training=(20, 16, 12, 8),
    training_rows=300,
    batch=32,
    growing=(12, 8, 4),
    rows=(8, 16, 32),
    hidden=(8, 6, 4),
    inputs=(20, 40),
    rows_by_input=(16, 32, 64),
)


# Our side.


def numbers_layout(width: int) -> _core.Layout:
    """Return the layout of `width` columns of numbers."""
    return _layout(dense_source=[*range(width)], dense_gap=[False] * width)


def bag_layout(width: int) -> _core.Layout:
    """Return the layout of one bag of `width` items."""
    return _layout(bag_source=0, bag_share=[1 / width] * width)


def _layout(**columns: Any) -> _core.Layout:
    names = ("dense_source", "dense_gap", "code_source", "levels", "first_target", "share")
    none: dict[str, Any] = {name: [] for name in (*names, "bag_share")}
    return _core.Layout(**{**none, "bag_source": -1, **columns})


def numbers_table(layout: _core.Layout, x: np.ndarray) -> _core.Table:
    """Return the rows x (n, p) as a table."""
    n = len(x)
    items = np.empty(0, np.int32), np.empty(0, np.float32)
    return _core.Table(layout, x, np.empty((n, 0), np.int32), np.zeros(n + 1, np.int32), *items)


def bag_table(layout: _core.Layout, rows: int) -> _core.Table:
    """Return rows of a few random items each."""
    items = np.random.default_rng(0).integers(0, layout.inputs, rows * BAG_ITEMS, dtype=np.int32)
    offsets = np.arange(0, len(items) + 1, BAG_ITEMS, dtype=np.int32)
    counts = np.ones(len(items), np.float32)
    nothing = np.empty((rows, 0), np.float32), np.empty((rows, 0), np.int32)
    return _core.Table(layout, *nothing, offsets, items, counts)


def network(
    layout: _core.Layout, widths: Sequence[int], probes: int | None, rows: int
) -> _core.AutoEncoder:
    """Return an autoencoder, tanh up to the code; `probes` None is one without a penalty.

    The last product is chosen as the estimators do, for so many rows at a time.
    """
    mode = "probe" if probes else "exact"
    plan = plan_jacobian(widths[0], widths[0], widths[1:], 0, rows, mode, probes or 0)
    sizes = NetworkSizes(
        hidden=tuple(widths[1:-1]),
        code=widths[-1],
        activation="tanh",
        linear_path=False,
        nonlinear_penalty=0.0,
        l2=0.0,
        code_activation=True,
        contraction=None if probes is None else "whole",
        contraction_weight=CONTRACTION,
        probes=probes or 0,
        gram=plan.closing == "gram",
    )
    return _core.AutoEncoder(layout, sizes.shape())


Computed = Callable[[], tuple[float, np.ndarray]]


def penalty_of(
    model: _core.AutoEncoder, params: np.ndarray, table: _core.Table, seed: int = 0
) -> Computed:
    """Return what computes the penalty with its gradient."""
    penalty = _core.TablePenalty(model, table, THREADS)
    return lambda: penalty.value_and_gradient(params, seed)


def penalties_of(model: _core.AutoEncoder, tables: dict[int, _core.Table]) -> dict[int, Computed]:
    """Return `penalty_of` each of the tables, at the model's first parameters."""
    params = model.initialise(0)
    return {rows: penalty_of(model, params, table) for rows, table in tables.items()}


def random_rows(rows: int, width: int) -> np.ndarray:
    """Return standard normal numbers, float32."""
    return np.random.default_rng(0).standard_normal((rows, width), dtype=np.float32)


# The peers.


def leaves_of(params: np.ndarray, widths: Sequence[int]) -> Leaves:
    """Return the layers that lie one after the other in `params`, kernels row-major (in, out)."""
    leaves, at = [], 0
    for n_in, n_out in pairwise(widths):
        kernel = params[at : at + n_in * n_out].reshape(n_in, n_out)
        at += n_in * n_out
        bias = params[at : at + n_out]
        at += n_out
        weight = torch.tensor(kernel.T.copy(), requires_grad=True)
        leaves.append((weight, torch.tensor(bias.copy(), requires_grad=True)))
    return leaves


def slopes_of(leaves: Leaves, x: Tensor) -> list[Tensor]:
    """Return tanh' of every layer, (n, width) each."""
    slopes, h = [], x
    for weight, bias in leaves:
        h = torch.tanh(nn.functional.linear(h, weight, bias))
        slopes.append(1 - h**2)
    return slopes


def encoded(leaves: Leaves, x: Tensor) -> Tensor:
    for weight, bias in leaves:
        x = torch.tanh(nn.functional.linear(x, weight, bias))
    return x


def from_input_side(leaves: Leaves, x: Tensor) -> Tensor:
    """J as matrices (width of the layer, p), row by row, as published."""
    slopes = slopes_of(leaves, x)
    j = slopes[0][:, :, None] * leaves[0][0]
    for slope, (weight, _) in zip(slopes[1:], leaves[1:], strict=True):
        j = slope[:, :, None] * torch.matmul(weight, j)
    return (j**2).sum() / len(x)


def by_jacrev(leaves: Leaves, x: Tensor) -> Tensor:
    """J of all rows at once by automatic differentiation."""
    j = torch.func.vmap(torch.func.jacrev(lambda row: encoded(leaves, row)))(x)
    return (j**2).sum() / len(x)


def row_by_row(leaves: Leaves, x: Tensor) -> Tensor:
    """J of one row after the other by automatic differentiation."""
    jacobian = torch.autograd.functional.jacobian
    total = x.new_zeros(())
    for row in x:
        j = jacobian(lambda row: encoded(leaves, row), row, create_graph=True)
        total = total + (j**2).sum()
    return total / len(x)


def from_code_side(leaves: Leaves, x: Tensor) -> Tensor:
    """J without its last product: the order that entivec uses."""
    slopes = slopes_of(leaves, x)
    a = slopes[-1][:, :, None] * leaves[-1][0]
    for slope, (weight, _) in zip(slopes[-2:0:-1], leaves[-2:0:-1], strict=True):
        a = (a * slope[:, None, :]) @ weight
    a, first = a * slopes[0][:, None, :], leaves[0][0]
    if first.shape[0] < first.shape[1]:
        return ((a @ (first @ first.T)) * a).sum() / len(x)
    return ((a @ first) ** 2).sum() / len(x)


PEERS: dict[str, Penalty] = {
    "input side": from_input_side,
    "vmap(jacrev)": by_jacrev,
    "row by row": row_by_row,
    "code side": from_code_side,
}


def value_and_gradient(penalty: Penalty, leaves: Leaves, x: Tensor) -> tuple[float, list[Tensor]]:
    """Return the penalty and its gradient, layer by layer."""
    value = penalty(leaves, x)
    gradient = torch.autograd.grad(value, [leaf for layer in leaves for leaf in layer])
    return value.item(), list(gradient)


def flat(gradient: Sequence[Tensor]) -> np.ndarray:
    """Return a gradient in the order of our parameters."""
    return np.concatenate([part.t().numpy().ravel() for part in gradient])


def name_of(widths: Sequence[int]) -> str:
    return "-".join(map(str, widths))


# The figures.


def measure_exact(case: Exact, runs: int) -> tuple[dict[str, Any], list[Line]]:
    """Time the exact penalty with its gradient, ours and the peers' in turn."""
    width = case.widths[0]
    layout, x = numbers_layout(width), random_rows(case.rows, width)
    model = network(layout, case.widths, 0, case.rows)
    params = model.initialise(0)
    ours = penalty_of(model, params, numbers_table(layout, x))
    leaves, inputs = leaves_of(params, case.widths), torch.tensor(x)
    value, gradient = ours()
    contenders: dict[str, Callable[[], Any]] = {"entivec": ours}
    differences = {}
    for peer in (*case.bars, *case.others):
        what = f"{name_of(case.widths)}, {peer}"
        expected, parts = value_and_gradient(PEERS[peer], leaves, inputs)
        theirs = flat(parts)
        differences[peer] = {
            "value": check_agreement(f"{what}, value", [value], [expected], TOLERANCE),
            "gradient": check_agreement(
                f"{what}, gradient", gradient[: len(theirs)], theirs, TOLERANCE
            ),
        }
        contenders[peer] = lambda peer=peer: value_and_gradient(PEERS[peer], leaves, inputs)
    seconds = alternate(contenders, runs)
    medians = medians_of(seconds)
    ratios = {peer: medians[peer] / medians["entivec"] for peer in differences}
    name = f"exact {name_of(case.widths)}, {case.rows} rows, against PyTorch's"
    lines = [at_least(f"{name} {peer}", ratios[peer], bar) for peer, bar in case.bars.items()]
    found = {"seconds": seconds, "medians": medians, "ratios": ratios, "differences": differences}
    return {"widths": case.widths, "rows": case.rows, **found}, lines


class TorchAutoEncoder:
    """The same net, loss and optimiser as ours, in PyTorch."""

    def __init__(self, params: np.ndarray, widths: Sequence[int], probes: int, batch: int) -> None:
        mirrored = [*widths, *widths[-2::-1]]
        self.leaves = leaves_of(params, mirrored)
        self.depth, self.probes, self.batch = len(widths) - 1, probes, batch
        parameters = [leaf for layer in self.leaves for leaf in layer]
        self.optimiser = torch.optim.Adam(parameters, lr=RATE, fused=True)

    def loss(self, x: Tensor) -> Tensor:
        x.requires_grad_(self.probes > 0)
        z = encoded(self.leaves[: self.depth], x)
        h = encoded(self.leaves[self.depth : -1], z)
        loss = ((nn.functional.linear(h, *self.leaves[-1]) - x.detach()) ** 2).mean()
        for _ in range(self.probes):
            signs = torch.randint(0, 2, z.shape).to(z.dtype) * 2 - 1
            (product,) = torch.autograd.grad(z, x, signs, create_graph=True)
            loss = loss + CONTRACTION / self.probes * (product**2).mean()
        return loss

    def epoch(self, x: Tensor) -> float:
        """Train one epoch; return the mean loss of its steps."""
        losses = []
        for rows in torch.randperm(len(x)).split(self.batch):
            self.optimiser.zero_grad()
            loss = self.loss(x[rows])
            loss.backward()
            self.optimiser.step()
            losses.append(loss.item())
        return statistics.mean(losses)


def our_trainer(layout: _core.Layout, x: np.ndarray, sizes: Sizes, probes: int | None) -> Any:
    model = network(layout, sizes.training, probes, sizes.batch)
    params = model.initialise(0)
    zeros = np.zeros_like(params)
    return _core.Trainer(
        _core.RowModel(model, numbers_table(layout, x)),
        np.arange(len(x)),
        (params, zeros, zeros, 0),
        _core.TrainingOptions(
            batch_size=sizes.batch,
            total_steps=1,
            learning_rate=RATE,
            schedule="constant",
            threads=THREADS,
        ),
    )


def check_probes(layout: _core.Layout, x: np.ndarray, widths: Sequence[int]) -> None:
    """Raise DisagreementError where the mean over many probes is not the exact penalty."""
    table = numbers_table(layout, x)
    model = network(layout, widths, 0, len(x))
    params = model.initialise(0)
    exact, _ = penalty_of(model, params, table)()
    model = network(layout, widths, 1, len(x))
    means = [penalty_of(model, params, table, seed)()[0] for seed in range(16)]
    within = 5 * statistics.stdev(means) / len(means) ** 0.5 / exact
    check_agreement("mean of the probes", [statistics.mean(means)], [exact], within)


def measure_training(sizes: Sizes) -> tuple[dict[str, Any], list[Line]]:
    """Time epochs of training, plain and with one probe, ours and PyTorch's in turn."""
    widths = sizes.training
    layout, x = numbers_layout(widths[0]), random_rows(sizes.training_rows, widths[0])
    check_probes(layout, x[: sizes.batch], widths)
    params, inputs = network(layout, widths, None, sizes.batch).initialise(0), torch.tensor(x)
    contenders: dict[str, Callable[[], float]] = {}
    for name, probes in {"plain": None, "one probe": 1}.items():
        trainer = our_trainer(layout, x, sizes, probes)
        theirs = TorchAutoEncoder(params, widths, probes or 0, sizes.batch)
        contenders[name] = lambda trainer=trainer: trainer.run(trainer.steps_per_epoch)
        contenders[f"{name}, PyTorch"] = lambda theirs=theirs: theirs.epoch(inputs)
        # Rows come in another order and probes are other draws, so the first epochs are only near.
        losses = [[contenders[by]()] for by in (name, f"{name}, PyTorch")]
        check_agreement(f"loss of the first epoch, {name}", *losses, tolerance=0.01)
    seconds = alternate(contenders, sizes.runs)
    medians = medians_of(seconds)
    what = f"epoch of {name_of(widths)} with one probe"
    lines = [
        at_most(f"{what} / plain epoch", medians["one probe"] / medians["plain"], 1.8),
        at_least(
            f"{what} against PyTorch's", medians["one probe, PyTorch"] / medians["one probe"], 1.3
        ),
    ]
    found = {"seconds": seconds, "medians": medians}
    return {"widths": widths, "rows": len(x), "batch": sizes.batch, **found}, lines


def measure_rows(sizes: Sizes) -> tuple[dict[str, Any], list[Line]]:
    """Time the penalty over the number of rows."""
    widths, rows = sizes.growing, sizes.rows
    layout, x = numbers_layout(widths[0]), random_rows(max(rows), widths[0])
    tables = {n: numbers_table(layout, x[:n]) for n in rows}
    seconds, exponents, slopes, lines = {}, {}, {}, []
    for name, probes in {"exact": 0, "one probe": 1}.items():
        model = network(layout, widths, probes, max(rows))
        times = [*medians_of(alternate(penalties_of(model, tables), sizes.runs)).values()]
        exponent = float(np.polyfit(np.log(rows), np.log(times), 1)[0])
        what = f"{name} {name_of(widths)}: exponent of the time over {rows[0]}–{rows[-1]} rows"
        lines.append(at_most(what, exponent, 1.1, ""))
        seconds[name], exponents[name] = times, exponent
        slopes[name] = float(np.polyfit(rows, times, 1)[0])
    found = {"seconds": seconds, "exponents": exponents, "seconds_per_row": slopes}
    return {"widths": widths, "rows": rows, **found}, lines


def measure_inputs(sizes: Sizes) -> tuple[dict[str, Any], list[Line]]:
    """Time the exact penalty over the input width, what a row costs apart from what a batch costs.

    The input is a bag with a few items in every row, so that the first layer's own work does not
    depend on its width either; the Jacobian is with respect to all of its items.
    """
    rows = sizes.rows_by_input
    seconds, per_row = [], []
    for width in sizes.inputs:
        layout = bag_layout(width)
        model = network(layout, (width, *sizes.hidden), 0, max(rows))
        tables = {n: bag_table(layout, n) for n in rows}
        times = [*medians_of(alternate(penalties_of(model, tables), sizes.runs)).values()]
        seconds.append(times)
        per_row.append(float(np.polyfit(rows, times, 1)[0]))
    beyond = next(k for k, width in enumerate(sizes.inputs) if width > sizes.hidden[0])
    ratio = per_row[-1] / per_row[beyond]
    what = (
        f"exact p-{name_of(sizes.hidden)}: a row at p = {sizes.inputs[-1]:,}"
        f" / at p = {sizes.inputs[beyond]:,}"
    )
    line = Line(what, f"{ratio:.2f} ×", "1 ± 0.25 ×", abs(ratio - 1) <= 0.25)
    found = {"seconds": seconds, "seconds_per_row": per_row}
    return {"hidden": sizes.hidden, "inputs": sizes.inputs, "rows": rows, **found}, [line]


# Tables and plots.


def exact_markdown(cases: Sequence[dict[str, Any]]) -> str:
    rows = [
        [
            f"{name_of(case['widths'])}, {case['rows']} rows",
            way,
            f"{1e3 * case['medians'][way]:.3g}",
            f"{1e3 * min(times):.3g}–{1e3 * max(times):.3g}",
            f"{case['ratios'][way]:.1f} ×" if way in case["ratios"] else "",
            f"{case['differences'][way]['gradient']:.1e}" if way in case["differences"] else "",
        ]
        for case in cases
        for way, times in case["seconds"].items()
    ]
    headers = ["encoder", "way", "ms (median)", "range", "entivec is faster by", "differs by"]
    return report.table(headers, rows)


def training_markdown(training: dict[str, Any]) -> str:
    rows = [
        [name, f"{training['medians'][name]:.3g}", f"{min(times):.3g}–{max(times):.3g}"]
        for name, times in training["seconds"].items()
    ]
    return report.table(["epoch", "seconds (median)", "range"], rows)


def growth_markdown(by_rows: dict[str, Any], by_input: dict[str, Any]) -> str:
    rows = [
        [f"{n:,}", *(f"{1e3 * times[k]:.3g}" for times in by_rows["seconds"].values())]
        for k, n in enumerate(by_rows["rows"])
    ]
    inputs = [
        [
            f"{p:,}",
            f"{1e6 * by_input['seconds_per_row'][k]:.3g}",
            f"{1e3 * by_input['seconds'][k][0]:.3g}",
        ]
        for k, p in enumerate(by_input["inputs"])
    ]
    slopes = [f"{1e6 * slope:.3g} µs" for slope in by_rows["seconds_per_row"].values()]
    rows.append(["a row (slope)", *slopes])
    headers = ["rows", *(f"{name}, ms" for name in by_rows["seconds"])]
    own = ["p", "a further row, µs", f"{by_input['rows'][0]} rows, ms"]
    return f"{report.table(headers, rows)}\n\n{report.table(own, inputs)}"


def axes_of(figure: Figure, title: str, x: str, y: str) -> Any:
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(title=title, xlabel=x, ylabel=y, xscale="log", yscale="log")
    return axes


def plot_rows(by_rows: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    title = f"Penalty and gradient, {name_of(by_rows['widths'])}"
    axes = axes_of(figure, title, "rows", "milliseconds")
    rows = np.array(by_rows["rows"])
    for name, times in by_rows["seconds"].items():
        own = f"{name}: {1e6 * by_rows['seconds_per_row'][name]:.3g} µs a row"
        axes.plot(rows, 1e3 * np.array(times), "o-", label=own)
    slowest = max(times[-1] for times in by_rows["seconds"].values())
    axes.plot(rows, 1e3 * slowest * rows / rows[-1], ":", color="#999999", label="linear")
    axes.legend(frameon=False)
    return figure


def plot_inputs(by_input: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    title = f"Exact penalty and gradient, p-{name_of(by_input['hidden'])}"
    axes = axes_of(figure, title, "input width p", "microseconds")
    fewest = [times[0] for times in by_input["seconds"]]
    axes.plot(
        by_input["inputs"], 1e6 * np.array(fewest), "s--", label=f"{by_input['rows'][0]} rows"
    )
    per_row = 1e6 * np.array(by_input["seconds_per_row"])
    axes.plot(by_input["inputs"], per_row, "o-", label="each further row")
    axes.axvline(by_input["hidden"][0], color="#999999", linestyle=":", label="p = n₁")
    axes.legend(frameon=False)
    return figure


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written, no bars")
    smoke = parser.parse_args().smoke
    sizes = SMOKE if smoke else FULL
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    try:
        exact = [measure_exact(case, sizes.runs) for case in sizes.exact]
        training, training_lines = measure_training(sizes)
    except DisagreementError as error:
        return report.verdict([str(error)])
    by_rows, row_lines = measure_rows(sizes)
    by_input, input_lines = measure_inputs(sizes)
    plots = {"jacobian-rows": plot_rows(by_rows), "jacobian-width": plot_inputs(by_input)}
    lines = [line for _, own in exact for line in own]
    lines += [*training_lines, *row_lines, *input_lines]
    cases = [case for case, _ in exact]
    met = {True: "yes", False: "**short**"}
    marked = [(*line[:3], "not judged" if smoke else met[line.met]) for line in lines]
    text = "\n\n".join(
        [
            f"Penalty with its gradient, {THREADS} threads, float32, PyTorch {torch.__version__},"
            f" medians of {sizes.runs} runs in turn",
            report.table(["figure", "measured", "required", "met"], marked),
            exact_markdown(cases),
            training_markdown(training),
            growth_markdown(by_rows, by_input),
        ]
    )
    print(text)
    if smoke:
        return 0
    for name, figure in plots.items():
        figure.savefig(report.RESULTS / f"{name}.png", dpi=120)
    document = {
        "torch": torch.__version__,
        "threads": THREADS,
        "figures": [line._asdict() for line in lines],
        "exact": cases,
        "training": training,
        "rows": by_rows,
        "inputs": by_input,
    }
    report.write("jacobian", document, text)
    return report.verdict([f"{line.what} {line.measured}" for line in lines if not line.met])


if __name__ == "__main__":
    sys.exit(main())
