"""How time and memory grow with rows, width, batch and depth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from timing import Line, at_most

from .nets import Net, trainer_of
from .wide import run_apart

THREADS = 2
SPELLS = 4
MOST_STEEP = 1.1  # exponent: over rows, and over the products where the net grows


def _seconds(call: Any, at_least: float) -> float:
    """Return the shortest time of a call, tried again in every spell until its time is over.

    Before each spell the threads sleep: a virtual machine's cores may be moved then, and sizes are
    not comparable where one had cores that share a cache and another had not.
    """
    best = np.inf
    for _ in range(SPELLS):
        time.sleep(0.5)
        end = time.perf_counter() + at_least / SPELLS
        while True:
            started = time.perf_counter()
            call()
            best = min(best, time.perf_counter() - started)
            if time.perf_counter() > end:
                break
    return best


def step_seconds(net: Net, at_least: float) -> float:
    """Return the time of a training step."""
    network = net.network()
    trainer = trainer_of(network, network.table(net.blocks()), net, THREADS)
    trainer.run(net.steps)
    return _seconds(lambda: trainer.run(net.steps), at_least) / net.steps


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of log y over log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def over_rows(rows: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    """An epoch and the embedding of all rows; memory of a fit from a DataFrame."""
    epoch, encode, memory = [], [], []
    for n in rows:
        net = Net((100, 64, 32, 16), 256, max(n // 256, 1))
        network, blocks = net.network(), net.blocks(n)
        trainer = trainer_of(network, network.table(blocks), net, THREADS)
        epoch.append(_seconds(lambda t=trainer: t.run(t.steps_per_epoch), at_least))
        encode.append(_seconds(lambda w=network, b=blocks: w.encode(b, THREADS), at_least))
        memory.append(max(run_apart(n, 100, 0.16, 1)["bytes_above_the_loaded_table"], 1))
    slopes = {
        "the time of an epoch": exponent(rows[-2:], epoch[-2:]),
        "the time to embed": exponent(rows[-2:], encode[-2:]),
        "the memory of a fit": exponent(rows[-2:], memory[-2:]),
    }
    grown = f"growth over {rows[-2]:,}–{rows[-1]:,} rows, exponent of"
    found = {"rows": rows, "epoch": epoch, "encode": encode, "bytes": memory, "exponents": slopes}
    lines = [at_most(f"{grown} {what}", slope, MOST_STEEP, "") for what, slope in slopes.items()]
    return found, lines


def over_width(widths: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    """A step beside its products: their count grows in proportion to the width."""
    nets = [Net((width, 64, 16), 256, 4) for width in widths]
    seconds = [step_seconds(net, at_least) for net in nets]
    slope = exponent([net.flops() for net in nets[-3:]], seconds[-3:])
    line = at_most(
        f"growth over {widths[-3]:,}–{widths[-1]:,} columns: exponent of a step by its products",
        slope,
        MOST_STEEP,
        "",
    )
    return {
        "widths": widths,
        "seconds": seconds,
        "flops": [net.flops() for net in nets],
        "exponent": slope,
    }, [line]


def over_batch(batches: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    seconds = [step_seconds(Net((100, 64, 32, 16), batch, 4), at_least) for batch in batches]
    slope = exponent(batches[-3:], seconds[-3:])
    what = f"growth over batches of {batches[-3]:,}–{batches[-1]:,}: exponent of a step"
    found = {"batches": batches, "seconds": seconds, "exponent": slope}
    return found, [at_most(what, slope, MOST_STEEP, "")]


def over_depth(depths: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    nets = [Net((64, *[64] * depth, 16), 256, 8) for depth in depths]
    seconds = [step_seconds(net, at_least) for net in nets]
    slope = exponent([net.flops() for net in nets[-3:]], seconds[-3:])
    what = (
        f"growth over {depths[-3]}–{depths[-1]} hidden layers: exponent of a step by its products"
    )
    found = {"depths": depths, "seconds": seconds, "exponent": slope}
    return found, [at_most(what, slope, MOST_STEEP, "")]


def measure(smoke: bool) -> tuple[dict[str, Any], list[Line]]:
    """All four."""
    at_least = 0.0 if smoke else 0.5
    plans: dict[str, Any] = {
        "rows": (over_rows, (1000, 2000) if smoke else (1000, 10_000, 100_000, 1_000_000)),
        "width": (over_width, (10, 20, 40) if smoke else (10, 30, 100, 300, 1000, 3000, 10_000)),
        "batch": (over_batch, (16, 32, 64) if smoke else (16, 64, 256, 1024, 4096)),
        "depth": (over_depth, (1, 2, 3) if smoke else (1, 2, 4, 8, 16)),
    }
    found, lines = {}, []
    for name, (grow, values) in plans.items():
        found[name], own = grow(values, at_least)
        lines += own
    return {"case": "growth", **found}, lines


def plot(found: dict[str, Any]) -> Figure:
    """Four panels, both axes logarithmic, a line in proportion beside the measured one."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    curves = (
        ("rows", "rows", "epoch", "milliseconds of an epoch"),
        ("width", "widths", "seconds", "milliseconds of a step"),
        ("batch", "batches", "seconds", "milliseconds of a step"),
        ("depth", "depths", "seconds", "milliseconds of a step"),
    )
    labels = {"widths": "columns", "batches": "rows of a batch", "depths": "hidden layers"}
    for axes, (name, over, key, ylabel) in zip(panels, curves, strict=True):
        own = found[name]
        x, y = np.array(own[over], dtype=float), 1e3 * np.array(own[key])
        axes.plot(x, y, "o-", label="measured")
        axes.plot(x, y[-1] * x / x[-1], ":", color="#999999", label="in proportion")
        axes.set(xscale="log", yscale="log", xlabel=labels.get(over, over), ylabel=ylabel)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure
