"""Training steps against PyTorch: the same net, the same parameters, first the same loss.

Embeddings 63, GRU or LSTM, a map back to the embeddings and a softmax over all levels, Adam; two
threads. PyTorch reads packed sequences too. Then the rate of the official GRU4Rec's net, 224 wide
with 2,128 outputs a step, and how seconds grow with events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import runs

from entivec import _core

THREADS = 2
BATCH = 128
VARIABLE, EQUAL, RATE = 2.0, 1.3, 20_000


def core(cell: str, hidden: int, levels: int, width: int, lengths: np.ndarray, seed: int) -> Any:
    """Return layout, net, log and codes of random sequences."""
    layout = _core.SequenceLayout(levels=[levels], widths=[width], share=[], numbers=0, predicted=0)
    sizes = _core.SequenceSizes(
        cell=cell, hidden=hidden, objective="next", pooling="last", clip=0.0, max_length=200
    )
    net = _core.SequenceNet(layout, sizes, _core.SequenceGuide())
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    codes = np.random.default_rng(seed).integers(2, levels, (offsets[-1], 1)).astype(np.int32)
    log = _core.Sequences(layout, offsets, codes, np.empty((offsets[-1], 0), np.float32))
    return net, log, codes[:, 0], float((lengths - 1).mean())


def our_steps(net: Any, log: Any, per_entity: float, params: np.ndarray, steps: int) -> float:
    """Seconds of one step."""
    model = _core.SequenceModel(net, log, None, per_entity)
    options = _core.TrainingOptions(
        batch_size=BATCH, total_steps=10_000, schedule="constant", threads=THREADS
    )
    zeros = np.zeros_like(params)
    trainer = _core.Trainer(model, np.arange(log.entities), (params, zeros, zeros, 0), options)
    trainer.run(1)
    started = time.perf_counter()
    trainer.run(steps)
    return (time.perf_counter() - started) / steps


class Peer:
    """The same net in PyTorch, with our parameters."""

    def __init__(self, cell: str, hidden: int, levels: int, width: int, params: np.ndarray) -> None:
        import torch
        from torch import nn

        torch.set_num_threads(THREADS)
        self.torch = torch
        gates = (4 if cell == "lstm" else 3) * hidden
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        self.layer, self.map = kind(width, hidden), nn.Linear(hidden, width)
        self.embedding = nn.Embedding(levels, width)
        self.bias = nn.Parameter(torch.zeros(levels - 2))
        self.start = nn.Parameter(torch.zeros((2 if cell == "lstm" else 1) * hidden))
        at = 0

        def take(*shape: int) -> Any:
            nonlocal at
            size = int(np.prod(shape))
            values, at = torch.tensor(params[at : at + size].reshape(shape)), at + size
            return values

        with torch.no_grad():
            self.layer.weight_ih_l0.copy_(take(width, gates).T)
            self.layer.bias_ih_l0.copy_(take(gates))
            self.layer.weight_hh_l0.copy_(take(hidden, gates).T)
            self.layer.bias_hh_l0.copy_(take(gates))
            self.start.copy_(take(len(self.start)))
            self.map.weight.copy_(take(hidden, width).T)
            self.map.bias.copy_(take(width))
            table = take(levels, width + 1)
            self.embedding.weight.copy_(table[:, :width])
            self.bias.copy_(table[2:, width])
        modules = (self.layer, self.map, self.embedding)
        parameters = [p for module in modules for p in module.parameters()]
        self.optimiser = torch.optim.Adam([*parameters, self.bias, self.start], lr=1e-3)

    def loss(self, codes: np.ndarray, offsets: np.ndarray) -> Any:
        """Mean loss of an event that follows another."""
        from torch.nn.utils.rnn import pack_sequence

        torch = self.torch
        own = [torch.from_numpy(codes[a:b].astype(np.int64)) for a, b in pairwise(offsets)]
        packed = pack_sequence([one[:-1] for one in own], enforce_sorted=False)
        target = pack_sequence([one[1:] for one in own], enforce_sorted=False).data
        inputs = packed._replace(data=self.embedding(packed.data))
        starts = self.start.view(-1, 1, self.layer.hidden_size).expand(-1, len(own), -1)
        parts = tuple(part[None].contiguous() for part in starts)
        states, _ = self.layer(inputs, parts if len(parts) == 2 else parts[0])
        logits = self.map(states.data) @ self.embedding.weight[2:].T + self.bias
        return torch.nn.functional.cross_entropy(logits, target - 2)

    def steps(self, codes: np.ndarray, offsets: np.ndarray, steps: int) -> float:
        """Seconds of one step over batches in turn."""
        batches = (len(offsets) - 1) // BATCH

        def step(number: int) -> None:
            first = (number % batches) * BATCH
            self.optimiser.zero_grad()
            self.loss(codes, offsets[first : first + BATCH + 1]).backward()
            self.optimiser.step()

        step(0)
        started = time.perf_counter()
        for number in range(steps):
            step(number)
        return (time.perf_counter() - started) / steps


def against_torch(cell: str, variable: bool, steps: int) -> runs.Run:
    """Seconds of a step of both, in turn, after checking that their losses agree."""
    random = np.random.default_rng(0)
    count = 4 * BATCH
    lengths = random.integers(5, 201, count) if variable else np.full(count, 100)
    hidden, levels, width = 96, 130, 63
    net, log, codes, per_entity = core(cell, hidden, levels, width, lengths, 1)
    params = net.initialise(0)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    peer = Peer(cell, hidden, levels, width, params)
    model = _core.SequenceModel(net, log, None, per_entity)
    ours, _ = model.score(params, np.arange(count), 0, THREADS)
    theirs = float(peer.loss(codes, offsets).detach())
    if abs(ours - theirs) > 1e-4 * theirs:
        raise RuntimeError(f"losses differ: {ours} and {theirs}")
    times: dict[str, list[float]] = {"ours": [], "torch": []}
    for _ in range(3):
        times["ours"].append(our_steps(net, log, per_entity, params, steps))
        times["torch"].append(peer.steps(codes, offsets, steps))
    own, other = np.median(times["ours"]), np.median(times["torch"])
    events = lengths.mean() * BATCH / own
    return {"ratio": other / own, "events a second": events, "loss": ours}


def rate(steps: int) -> runs.Run:
    """Events a second of GRU 224 with 2,128 outputs."""
    lengths = np.full(4 * BATCH, 50)
    net, log, _, per_entity = core("gru", 224, 2130, 223, lengths, 2)
    seconds = our_steps(net, log, per_entity, net.initialise(0), steps)
    return {"events a second": 50 * BATCH / seconds}


def growth(steps: int) -> runs.Run:
    """Seconds of an epoch over 1, 2 and 4 times the entities, as a power of the events."""
    seconds = []
    counts = np.array([1, 2, 4]) * 4 * BATCH
    for count in counts:
        lengths = np.random.default_rng(3).integers(5, 101, count)
        net, log, _, per_entity = core("gru", 96, 130, 63, lengths, 3)
        own = our_steps(net, log, per_entity, net.initialise(0), max(steps, 4))
        seconds.append(own * count / BATCH)
    return {"power": float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])}


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Both cells, lengths that vary and equal ones; the rate; growth."""
    for cell in ("gru", "lstm"):
        for variable in (True, False):
            yield (
                {"what": f"{cell}, lengths {'5 to 200' if variable else '100'}"},
                lambda cell=cell, variable=variable: against_torch(cell, variable, scale.steps),
            )
    yield {"what": "GRU 224, 2,128 outputs"}, lambda: rate(scale.steps)
    yield {"what": "growth with events"}, lambda: growth(scale.steps)


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table, and what falls short."""
    lines = ["| what | measured | required |", "| --- | --- | --- |"]
    failures = []
    for run in done:
        if "ratio" in run:
            bar = VARIABLE if "to" in run["what"] else EQUAL
            value, text = run["ratio"], f"{run['ratio']:.2f} × PyTorch"
        elif "power" in run:
            bar, value, text = -1.1, -run["power"], f"events^{run['power']:.2f}"
        else:
            bar, value = RATE, run["events a second"]
            text = f"{value:,.0f} events/s"
        lines.append(f"| {run['what']} | {text} | {abs(bar):g} |")
        if value < bar:
            failures.append(f"{run['what']}: {text}, required {abs(bar):g}")
    return "\n".join(lines), failures, {}


FIGURE = runs.Figure(measured, summary)
