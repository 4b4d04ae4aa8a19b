"""Nets (c) and (d) with products in bfloat16: their steps, and what becomes of the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from timing import Line, alternate, at_least, at_most, check_agreement, medians_of

from entivec import _core
from entivec.table import Blocks

from .nets import Net, TorchTraining, order_of_rows, trainer_of

THREADS = 2
PRECISIONS = ("float32", "bfloat16")
LOSS_TOLERANCE = 1e-3  # relative, of an epoch's mean loss, between precisions and programs
APART = 1.0  # percent that a curve's second half may be above float32's
SEEDS = (0, 1, 2)  # of the order of the rows


@contextmanager
def products_of(precision: str) -> Iterator[None]:
    """Let PyTorch round the operands of its products, where the processor is made for it."""
    former = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium" if precision == "bfloat16" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(former)


def contenders_of(key: str, net: Net) -> dict[str, Callable[[], Any]]:
    """Return epochs of both programs in both precisions, after like losses."""
    network, blocks = net.network(), net.blocks()
    table = network.table(blocks)
    orders = [torch.tensor(order_of_rows(net.rows, net.steps * epoch)) for epoch in range(2)]
    contenders: dict[str, Callable[[], Any]] = {}
    losses = {}
    for precision in PRECISIONS:
        trainer = trainer_of(network, table, net, THREADS, precision)
        peer = TorchTraining(net, network.params, blocks, compiled=False)
        epoch = products_of(precision)(peer.epoch)
        losses[f"entivec, {precision}"] = trainer.run(net.steps)
        losses[f"PyTorch, {precision}"] = epoch(orders[0])
        contenders[f"entivec, {precision}"] = lambda trainer=trainer: trainer.run(net.steps)
        contenders[f"PyTorch, {precision}"] = lambda epoch=epoch: epoch(orders[1])
    for name, loss in losses.items():
        check_agreement(
            f"{key}, loss, {name}", [loss], [losses["entivec, float32"]], LOSS_TOLERANCE
        )
    return contenders


def measure_steps(key: str, net: Net, runs: int) -> tuple[dict[str, Any], list[Line]]:
    """Time epochs in turn; return microseconds of a step, and figures where bfloat16 is native."""
    seconds = alternate(contenders_of(key, net), runs)
    medians = medians_of(seconds)
    ours = medians.pop("entivec, bfloat16")
    ratios = {name: median / ours for name, median in medians.items()}
    steps = {name: [1e6 * s / net.steps for s in times] for name, times in seconds.items()}
    found = {"case": f"{key}, bfloat16", "net": net._asdict(), "microseconds_a_step": steps}
    found |= {"medians": medians_of(steps), "ratios": ratios}
    what = f"{key} {net.name}, batch {net.batch}, bfloat16, against"
    peers = (
        ("entivec, float32", "PyTorch, float32", "PyTorch, bfloat16")
        if _core.has_bfloat16()
        else ()
    )
    return found, [at_least(f"{what} {peer}", ratios[peer], 1) for peer in peers]


def measure_losses(net: Net, epochs: int) -> tuple[dict[str, Any], list[Line]]:
    """Train on columns with something in common; return every seed's mean losses by epoch.

    The second half of the curves is judged: between epochs a loss moves by several percent.
    """
    rng = np.random.default_rng(0)
    width = net.widths[0]
    traits = rng.standard_normal((net.rows, width // 4), dtype=np.float32)
    mixing = rng.standard_normal((width // 4, width), dtype=np.float32)
    columns = np.tanh(traits @ mixing * (2 / width**0.5))
    network = net.network()
    table = network.table(Blocks.of_numbers(columns / columns.std()))
    curves = {}
    for precision in PRECISIONS:
        trainers = [trainer_of(network, table, net, THREADS, precision, seed) for seed in SEEDS]
        curves[precision] = [
            [trainer.run(net.steps) for _ in range(epochs)] for trainer in trainers
        ]
    float32, bfloat16 = (np.mean(curves[precision], axis=0) for precision in PRECISIONS)
    later = slice(epochs // 2, None)
    what = f"loss of {net.name}, second half of {epochs * net.steps:,} steps, {len(SEEDS)} seeds"
    above = 100 * (bfloat16[later].mean() / float32[later].mean() - 1)
    line = at_most(f"{what}, bfloat16's above float32's", above, APART, " %")
    return {"case": "bfloat16", "net": net._asdict(), "losses": curves}, [line]


def plot(case: dict[str, Any]) -> Any:
    """Return the loss curves of both precisions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    styles = {
        "float32": {"color": "#4c72b0", "lw": 4, "alpha": 0.5},
        "bfloat16": {"color": "#c44e52"},
    }
    for precision, losses in case["losses"].items():
        steps = case["net"]["steps"] * np.arange(1, len(losses[0]) + 1)
        axes.plot(steps, np.mean(losses, axis=0), label=precision, **styles[precision])
    axes.set(xlabel="steps", ylabel="mean squared error of an epoch", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="products in", frameon=False)
    return figure
