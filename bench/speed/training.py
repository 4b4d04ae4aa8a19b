"""Training steps of (a) to (e) against PyTorch, and two threads against one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from timing import Line, alternate, at_least, check_agreement, medians_of, seconds_of

from .limits import Limits, measure_handover
from .nets import Net, TorchTraining, order_of_rows, trainer_of

THREADS = 2
GRADIENT_TOLERANCE = 1e-4  # relative, of the first step
LOSS_TOLERANCE = 1e-3  # relative, of an epoch's mean loss
SHARED_CACHE_NS = 80  # a hand-over takes 30 through a cache that both cores share, 160 without


class Case(NamedTuple):
    """A net, how many times faster it should be, and what share of the peak it should reach."""

    key: str
    net: Net
    eager: float | None = None
    compiled: float | None = None
    faster: float | None = None  # against the faster of the two
    peak: float | None = None
    threads: float | None = None  # two over one
    judged: bool = True


MIXED = tuple(int(levels) for levels in np.geomspace(3, 5000, 20).round())
POOLED = tuple(min(levels, 50) for levels in MIXED)  # as TableEncoder pools rare levels
CASES = (
    Case("a", Net((6, 64, 32, 2), 64, 200), eager=12, compiled=6),
    Case("b", Net((100, 64, 32, 16), 256, 100), eager=5, compiled=3, threads=1.8),
    Case("c", Net((1000, 327), 256, 20), faster=1.5, peak=0.80, threads=1.8),
    Case("d", Net((784, 1024, 768, 512), 256, 8), faster=1.3, peak=0.75, threads=1.8),
    Case("e", Net((30, 64, 32, 16), 256, 20, MIXED), eager=10, threads=1.8),
    Case("e, 50 levels at most", Net((30, 64, 32, 16), 256, 60, POOLED), eager=10),
)
SMOKE_CASES = (
    Case("a", Net((6, 8, 4, 2), 16, 4), eager=12, compiled=6),
    Case("e", Net((3, 8, 4), 16, 4, (3, 5)), eager=10, threads=1.8),
)


def contenders_of(case: Case, compile_peers: bool) -> dict[str, Callable[[], float]]:
    """Return epochs of training, ours and the peers', that gave equal results first."""
    net, network, blocks = case.net, case.net.network(), case.net.blocks()
    table = network.table(blocks)
    orders = [torch.tensor(order_of_rows(net.rows, net.steps * epoch)) for epoch in range(2)]
    peers = {"eager": False, "compiled": True} if compile_peers else {"eager": False}
    started = trainer_of(network, table, net, THREADS)
    loss = started.run(1)
    gradient = started.state[1] / 0.1  # Adam's first moment after one step
    loss = (loss + (net.steps - 1) * started.run(net.steps - 1)) / net.steps
    contenders: dict[str, Callable[[], float]] = {}
    for name, compiled in peers.items():
        training = TorchTraining(net, network.params, blocks, compiled)
        training.step(orders[0][: net.batch])
        theirs = training.module.gradient()
        check_agreement(f"{case.key}, gradient, {name}", gradient, theirs, GRADIENT_TOLERANCE)
        training = TorchTraining(net, network.params, blocks, compiled)
        theirs_loss = training.epoch(orders[0])
        check_agreement(f"{case.key}, loss, {name}", [loss], [theirs_loss], LOSS_TOLERANCE)
        contenders[name] = lambda training=training: training.epoch(orders[1])
    trainer = trainer_of(network, table, net, THREADS)
    trainer.run(net.steps)
    return {**contenders, "entivec": lambda: trainer.run(net.steps)}


def measure_threads(
    case: Case, two_threads: Callable[[], float], rounds: int
) -> tuple[dict[str, list[float]], list[Line]]:
    """Time one thread and two in turn, and how far apart the cores were each time."""
    assert case.threads is not None
    net, network = case.net, case.net.network()
    trainer = trainer_of(network, network.table(net.blocks()), net, 1)
    one, two, handovers = [], [], []
    for _ in range(rounds):
        one.append(seconds_of(lambda: trainer.run(net.steps)))
        two.append(seconds_of(two_threads))
        handovers.append(measure_handover())
    what = f"i {case.key} {net.name}, batch {net.batch}, two threads over one"
    lines = [at_least(what, float(np.median(one) / np.median(two)), case.threads)]
    near = [time for time, ns in zip(two, handovers, strict=True) if ns < SHARED_CACHE_NS]
    if near:
        ratio = f"{np.median(one) / np.median(near):.2f} ×"
        share = f"{len(near)} of {rounds} times, when the cores shared a cache"
        lines.append(Line(f"{what}, {share}", ratio, "—", True))
    return {"one": one, "two": two, "handover_ns": handovers}, lines


def measure(
    case: Case, runs: int, limits: Limits, compile_peers: bool = True
) -> tuple[dict[str, Any], list[Line]]:
    """Time epochs in turn; return microseconds of a step and the figures."""
    contenders = contenders_of(case, compile_peers)
    seconds = alternate(contenders, runs)
    medians = medians_of(seconds)
    ours = medians["entivec"]
    peers = {name: medians[name] / ours for name in ("eager", "compiled") if name in medians}
    reached = case.net.flops() * case.net.steps / ours * 1e-9 / limits.gflops
    what = f"{case.key} {case.net.name}, batch {case.net.batch}"
    bars = [
        (f"{what}, against eager", peers["eager"], case.eager),
        (f"{what}, against compiled", peers.get("compiled"), case.compiled),
        (f"{what}, against the faster", min(peers.values()), case.faster),
    ]
    lines = [at_least(text, ratio, bar) for text, ratio, bar in bars if ratio and bar]
    if case.peak:
        lines.append(at_least(f"{what}, share of the peak", 100 * reached, 100 * case.peak, " %"))
    threads: dict[str, list[float]] = {}
    if case.threads:
        threads, own = measure_threads(case, contenders["entivec"], 2 * runs)
        seconds["entivec, one thread"] = threads["one"]
        lines += own
    steps = {name: [1e6 * s / case.net.steps for s in times] for name, times in seconds.items()}
    found = {
        "net": case.net._asdict(),
        "microseconds_a_step": steps,
        "medians": medians_of(steps),
        "ratios": peers,
        "share_of_peak": reached,
        "threads": threads,
    }
    return {"case": case.key, **found}, lines
