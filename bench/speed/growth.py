"""How time and memory grow with rows, width, batch and depth."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from timing import Line, at_most

from .nets import Net, trainer_of
from .wide import memory, reset_peak, run_apart

THREADS = 2
SPELLS = 4
STEP = ("milliseconds of a step", "megabytes of a training")
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


def training_bytes(widths: tuple[int, ...], batch: int, steps: int) -> dict[str, int]:
    """Return the memory that a training takes above its table and the parameters it begins with."""
    warm = Net((10, 4), 8, 2)  # what is loaded at first use is no part of it
    for net in (warm, Net(widths, batch, steps)):
        network = net.network()
        table = network.table(net.blocks())
        loaded = memory("VmRSS")
        reset_peak()
        trainer_of(network, table, net, THREADS).run(net.steps)
    return {"bytes": max(memory("VmHWM") - loaded, 1)}


def step_bytes(net: Net) -> int:
    """Return the memory of a training, in a fresh process."""
    given = [",".join(map(str, net.widths)), net.batch, net.steps]
    return int(run_apart("speed.growth", *given)["bytes"])


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of log y over log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def over_rows(rows: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    """An epoch and the embedding of all rows; memory of a fit from a DataFrame."""
    epoch, encode, taken = [], [], []
    for n in rows:
        net = Net((100, 64, 32, 16), 256, max(n // 256, 1))
        network, blocks = net.network(), net.blocks(n)
        trainer = trainer_of(network, network.table(blocks), net, THREADS)
        epoch.append(_seconds(lambda t=trainer: t.run(t.steps_per_epoch), at_least))
        encode.append(_seconds(lambda w=network, b=blocks: w.encode(b, THREADS), at_least))
        taken.append(
            max(run_apart("speed.wide", n, 100, 0.16, 1)["bytes_above_the_loaded_table"], 1)
        )
    slopes = {
        "the time of an epoch": exponent(rows[-2:], epoch[-2:]),
        "the time to embed": exponent(rows[-2:], encode[-2:]),
        "the memory of a fit": exponent(rows[-2:], taken[-2:]),
    }
    grown = f"growth over {rows[-2]:,}–{rows[-1]:,} rows, exponent of"
    found = {"rows": rows, "epoch": epoch, "encode": encode, "bytes": taken, "exponents": slopes}
    lines = [at_most(f"{grown} {what}", slope, MOST_STEEP, "") for what, slope in slopes.items()]
    return found, lines


def over_sizes(
    sizes: Sequence[int], nets: Sequence[Net], by: Sequence[float], at_least: float, what: str
) -> tuple[dict[str, Any], list[Line]]:
    """Time and memory of a training by what they should be in proportion to."""
    seconds = [step_seconds(net, at_least) for net in nets]
    taken = [step_bytes(net) for net in nets]
    slopes = {
        "a step": exponent(by[-3:], seconds[-3:]),
        "the memory of a training": exponent(by[-3:], taken[-3:]),
    }
    grown = f"growth over {sizes[-3]:,}–{sizes[-1]:,} {what}: exponent of"
    found = {"sizes": sizes, "seconds": seconds, "bytes": taken, "exponents": slopes}
    return found, [
        at_most(f"{grown} {name}", slope, MOST_STEEP, "") for name, slope in slopes.items()
    ]


def over_width(widths: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    """By the products: their count grows in proportion to the width."""
    nets = [Net((width, 64, 16), 256, 4) for width in widths]
    return over_sizes(widths, nets, [n.flops() for n in nets], at_least, "columns, by the products")


def over_batch(batches: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    nets = [Net((100, 64, 32, 16), batch, 4) for batch in batches]
    return over_sizes(batches, nets, batches, at_least, "rows of a batch")


def over_depth(depths: Sequence[int], at_least: float) -> tuple[dict[str, Any], list[Line]]:
    nets = [Net((64, *[64] * depth, 16), 256, 8) for depth in depths]
    by = [net.flops() for net in nets]
    return over_sizes(depths, nets, by, at_least, "hidden layers, by the products")


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
    """Time above memory, both axes logarithmic, a line in proportion beside the measured one."""
    figure = Figure(figsize=(15, 7), layout="constrained")
    panels = figure.subplots(2, 4)
    columns = (
        ("rows", "rows", "rows", "epoch", "milliseconds of an epoch", "megabytes of a fit"),
        ("width", "sizes", "columns", "seconds", *STEP),
        ("batch", "sizes", "rows of a batch", "seconds", *STEP),
        ("depth", "sizes", "hidden layers", "seconds", *STEP),
    )
    for (name, over, xlabel, time_of, *ylabels), own in zip(columns, panels.T, strict=True):
        x = np.array(found[name][over], dtype=float)
        measured = (1e3 * np.array(found[name][time_of]), 1e-6 * np.array(found[name]["bytes"]))
        for axes, y, ylabel in zip(own, measured, ylabels, strict=True):
            axes.plot(x, y, "o-", label="measured")
            axes.plot(x, y[-1] * x / x[-1], ":", color="#999999", label="in proportion")
            axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("widths", type=lambda text: tuple(map(int, text.split(","))))
    parser.add_argument("batch", type=int)
    parser.add_argument("steps", type=int)
    print(json.dumps(training_bytes(**vars(parser.parse_args()))))
