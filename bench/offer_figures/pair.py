"""Steps of training an `OfferModel` beside the same net in PyTorch: first the same gradient.

Markets of `groupby`, attributes of one value alone. To PyTorch's advantage its batches are grouped
by our own compiled functions, what can be is made before the clock runs, and look-ups are written
in the fastest of the ways tried. Its Adam updates the embeddings of a step and all others too:
`SparseAdam`, which leaves those as they are, as ours does, is slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import cycle, islice, pairwise
from typing import Any

import numpy as np
import report
import runs
from timing import check_agreement

from entivec import _core
from entivec.offers.offer_network import OfferNetwork
from offer_figures import groupby

FASTER = 2.0  # bar: PyTorch's seconds over ours
TOLERANCE = 1e-4  # relative, of the loss and of the gradient of a step
# Keys whose numbers are known outside of the core: the first of a step, if they are mixed.
CHECKED: tuple[dict[str, Any], ...] = ({"augmentations": 1}, {"mixture": 0.0})
CASES = ((64, 2), (64, 1), (512, 2), (512, 1))  # blocks a step, the default first, and threads
SHARD = 64  # blocks whose transactions are grouped together, as in the core
RATE, DROPOUT = 2e-3, 0.1
SPELLS = 5
OURS, PEER = "entivec", "PyTorch"


def dealt(order: np.ndarray, customer: np.ndarray, block: int) -> np.ndarray:
    """Transactions in blocks of different customers, each in the first that has room for it."""
    unfilled: list[tuple[list[int], set[int]]] = []
    full: list[list[int]] = []
    for event, own in zip(order.tolist(), customer[order].tolist(), strict=True):
        at = next((at for at, one in enumerate(unfilled) if own not in one[1]), len(unfilled))
        if at == len(unfilled):
            unfilled.append(([], set()))
        events, owners = unfilled[at]
        events.append(event)
        owners.add(own)
        if len(events) == block:
            full.append(unfilled.pop(at)[0])
    return np.array(full)


class Data:
    """What both are trained on, read as `OfferModel` reads it, and all that is known beforehand."""

    def __init__(self, market: groupby.Market) -> None:
        names = [name for name in market.attributes if name not in market.several]
        model = groupby.fit(market, names, None, max_steps=1)
        self.read, self.known, self.network = model.transactions_, model.known_, model.network_
        offsets, times = self.read.offsets, self.read.times
        self.customer = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self.codes = np.stack([one.codes for one in self.read.attributes], axis=1)
        self.there = np.r_[np.zeros((1, self.codes.shape[1])), np.cumsum(self.codes != 0, axis=0)]
        self.there = self.there.astype(np.int32)
        self.begin = offsets[self.customer]
        # The past ends before the first transaction of the same customer at the same time.
        first = np.r_[True, (np.diff(times) != 0) | (np.diff(self.customer) != 0)]
        self.end = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
        self.blocks = dealt(self.read.by_date(), self.customer, self.network.sizes["block"])

    def trainer(
        self, batch: int, examples: np.ndarray, threads: int, dropout: float, **changed: Any
    ) -> _core.Trainer:
        """Our own, on these blocks; sizes of the net may be changed."""
        read, sizes = self.read, {**self.network.sizes, **changed}
        own = OfferNetwork(sizes, self.network.params, self.network.customers)
        attributes = [one.core() for one in read.attributes]
        log = _core.OfferLog(
            own.compiled[0], read.offsets, read.times, attributes, self.blocks.ravel(), None
        )
        model = _core.OfferBlocks(own.net, log, own.table(self.known))
        zeros = np.zeros_like(own.params)
        options = _core.TrainingOptions(
            batch_size=batch,
            total_steps=1,
            learning_rate=RATE,
            schedule="constant",
            dropout=dropout,
            threads=threads,
        )
        return _core.Trainer(model, examples, (own.params, zeros, zeros, 0), options)

    def groups(self, events: np.ndarray, sizes: dict[str, Any], seed: int) -> np.ndarray:
        """Groups of a step's transactions, those of each key behind the others' (keys, n)."""
        rows, keys = SHARD * sizes["block"], sizes["augmentations"]
        parts = np.split(self.codes[events], range(rows, len(events), rows))
        kept = _core.draw_keys(self.codes.shape[1], sizes["key_length"], keys * len(parts), seed)
        found, count = [], 0
        for number, key in enumerate(kept):
            own = _core.group_rows(np.ascontiguousarray(parts[number % len(parts)]), key)
            if sizes["mixture"] > 0:
                own, _ = _core.mix_groups(own, sizes["mixture"], seed * len(kept) + number)
            found.append(own + count)
            count += int(own.max()) + 1
        return np.concatenate(found).reshape(keys, -1)


class Twin:
    """The same net in PyTorch, at our parameters."""

    def __init__(self, data: Data, dropout: float, **changed: Any) -> None:
        import torch
        from speed.nets import Reader, torch_linear
        from torch import nn

        self.torch, self.data = torch, data
        self.sizes = sizes = {**data.network.sizes, **changed}
        read, self.width, metas = Reader(data.network.params), sizes["width"], sizes["metas"]
        bag, both = len(sizes["levels"]) * self.width, metas * self.width
        linear = lambda *shape: torch_linear(read(*shape), read(shape[1]))  # noqa: E731
        self.features = torch.tensor(one_hot(data))
        net = {"past": linear(bag + 1, both), "table": linear(self.features.shape[1], both)}
        net["offer"] = linear(bag, both)
        net["mask"] = nn.Sequential(linear(2 * bag, both), nn.ReLU(), linear(both, both))
        kernels = [(read(self.width, both), read(both)) for _ in range(metas)]
        widths = [metas * metas, *sizes["hidden"]]
        layers: list[Any] = []
        for before, after in pairwise(widths):
            layers += [linear(before, after), nn.GELU("tanh"), nn.Dropout(dropout)]
        net["layers"] = nn.Sequential(*layers, linear(widths[-1], 1))
        self.net = nn.ModuleDict(net)
        self.kernel, self.bias = (
            nn.Parameter(torch.stack(part)) for part in zip(*kernels, strict=True)
        )
        # All attributes in one table: the missing values of all are its first row, which is 0.
        starts = np.cumsum([0, *sizes["levels"][:-1]])
        self.rows = torch.tensor(np.where(data.codes == 0, 0, data.codes + starts))
        self.table = nn.Parameter(read(sum(sizes["levels"]), self.width))
        read.check_empty()
        with torch.no_grad():
            self.table[0] = 0
        others = [*self.net.parameters(), self.kernel, self.bias]
        self.optimiser = torch.optim.Adam([*others, self.table], RATE, fused=True)

    def customers(self, events: np.ndarray) -> tuple[Any, Any]:
        """Meta-features of transactions' customers before them; embeddings of the transactions."""
        torch, data, n = self.torch, self.data, len(events)
        length = data.end[events] - data.begin[events]
        # A bag for every past, then one for every transaction alone.
        size = np.r_[np.minimum(length, self.sizes["max_length"]), np.ones(n, dtype=np.int64)]
        end = np.r_[data.end[events], events + 1]
        starts = np.cumsum(size) - size
        rows = np.repeat(end - size - starts, size) + np.arange(size.sum())
        wide = self.rows.shape[1]
        offsets = torch.tensor(starts + size.sum() * np.arange(wide)[:, None])
        # Missing values are a part of the sums that is 0: means without them are slow in PyTorch,
        # and so is the gradient of a look-up that is not sparse.
        codes = self.rows.index_select(0, torch.tensor(rows)).t().ravel()
        sums = torch.nn.functional.embedding_bag(
            codes, self.table, offsets.ravel(), mode="sum", sparse=True
        )
        past, own = sums.view(wide, 2, n, -1).permute(1, 2, 0, 3)
        count = data.there[end[:n]] - data.there[end[:n] - size[:n]]
        past = (past / torch.tensor(np.maximum(count, 1))[..., None]).flatten(1)
        length = torch.tensor(np.log1p(length, dtype=np.float32) / 5)
        known = self.features.index_select(0, torch.tensor(data.customer[events]))
        found = self.net["past"](torch.cat([past, length[:, None]], 1)) + self.net["table"](known)
        return found, own.flatten(1)

    def offers(self, own: Any, groups: Any) -> Any:
        """Of every group what customers' meta-features are multiplied with."""
        torch, count = self.torch, int(groups.max()) + 1
        # One bag a group: of the numbers the mean, and of their squares.
        order = torch.argsort(groups.ravel(), stable=True)
        offsets = torch.searchsorted(groups.ravel()[order], torch.arange(count))
        moments = torch.nn.functional.embedding_bag(
            order % len(own), torch.cat([own, own.square()], 1), offsets, mode="mean"
        )
        mean, squares = moments.chunk(2, 1)
        variance = squares - mean.square()
        offer = self.net["offer"](mean)
        offer = offer * 2 * torch.sigmoid(self.net["mask"](torch.cat([mean, variance], 1)))
        offer = offer.view(count, -1, self.width).transpose(0, 1)
        return torch.baddbmm(self.bias[:, None], offer, self.kernel).transpose(0, 1)

    def loss(self, examples: np.ndarray, seed: int) -> Any:
        """Mean over blocks, summed over keys, of the cross-entropy of customers with offers."""
        torch, data, block = self.torch, self.data, self.sizes["block"]
        events = data.blocks[examples].ravel()
        groups = torch.tensor(data.groups(events, self.sizes, seed))
        metas, shape = self.sizes["metas"], (len(groups), -1, block)
        customers, own = self.customers(events)
        customers = customers.view(-1, block, metas, self.width)
        offers = torch.nn.functional.embedding(groups, self.offers(own, groups).flatten(1))
        offers = offers.view(*shape, metas, metas, self.width)
        met = torch.einsum("bipw,kbjqpw->kbijqp", customers, offers).flatten(-2)
        scores = self.net["layers"](met)[..., 0]
        owner = torch.tensor(data.customer[events]).view(-1, block)
        of = groups.view(shape)
        other = owner[:, :, None] != owner[:, None]
        same = torch.eye(block)
        counted = (other & (of[..., :, None] != of[..., None, :])) + same
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            scores, same.expand_as(scores), counted, reduction="sum"
        )
        return losses / (len(examples) * block)

    def step(self, examples: np.ndarray, seed: int) -> Any:
        """One step of training; return its loss."""
        self.optimiser.zero_grad()
        loss = self.loss(examples, seed)
        loss.backward()
        self.table.grad = self.table.grad.to_dense()
        self.table.grad[0] = 0
        self.optimiser.step()
        return loss.detach()

    def gradient(self) -> np.ndarray:
        """In the order of our parameters."""
        layers = [part for part in self.net.modules() if hasattr(part, "weight")]
        parts = [part for one in layers for part in (one.weight.grad.t(), one.bias.grad)]
        both = zip(self.kernel.grad, self.bias.grad, strict=True)
        kernels = [part for pair in both for part in pair]
        last = 2 * (1 + len(self.sizes["hidden"]))
        flat = [*parts[:-last], *kernels, *parts[-last:], self.table.grad]
        return np.concatenate([part.numpy().ravel() for part in flat])


def one_hot(data: Data) -> np.ndarray:
    """Rows about customers as a matrix: numbers, then a column for every code."""
    layout, known = data.network.customers, data.known
    assert not layout.dense_gap.any(), "a gap would be a column"
    assert layout.bag_width == 0, "bags would be columns"
    codes = [np.eye(n)[own] for n, own in zip(layout.levels, known.codes.T, strict=True)]
    return np.concatenate([np.nan_to_num(known.dense), *codes], axis=1, dtype=np.float32)


@cache
def read(name: str, rows: int | None) -> Data:
    """A market's."""
    return Data(groupby.MARKETS[name](rows))


def difference(data: Data) -> float:
    """Of the gradients of one step, relative; DisagreementError where it is too large."""
    from speed.nets import order_of_rows

    found = []
    examples = np.random.default_rng(0).permutation(len(data.blocks))[:SHARD]
    for changed in CHECKED:
        ours, twin = data.trainer(SHARD, examples, 1, 0.0, **changed), Twin(data, 0.0, **changed)
        loss = ours.run(1)
        theirs = float(twin.step(examples[order_of_rows(len(examples), 0)], 0))
        check_agreement(f"loss, {changed}", [loss], [theirs], TOLERANCE)
        gradient = ours.state[1] / 0.1  # Adam's first moment after one step
        found.append(check_agreement(f"gradient, {changed}", gradient, twin.gradient(), TOLERANCE))
    return max(found)


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every market in small and large batches, on two threads and on one."""
    for name in scale.markets:
        for batch, threads in CASES:
            key = {"data": name, "batch": batch, "threads": threads}
            yield key, partial(measure, scale, **key)


def measure(scale: Any, data: str, batch: int, threads: int) -> runs.Run:
    """Seconds of a step of both on the wall and of the processor, the fastest of their spells."""
    try:
        import torch
    except ImportError as error:
        return {"left out": str(error)}
    own = read(data, scale.rows)
    batch = min(batch, len(own.blocks))
    examples = np.arange(len(own.blocks) // batch * batch)  # every step has as many
    found: runs.Run = {"difference": difference(own), OURS: [], PEER: []}
    trainer, twin = own.trainer(batch, examples, threads, DROPOUT), Twin(own, DROPOUT)
    order = np.random.default_rng(1).permutation(examples)
    batches = cycle(enumerate(order.reshape(-1, batch)))

    def theirs(steps: int) -> float:
        losses = [twin.step(examples, seed) for seed, examples in islice(batches, steps)]
        return float(torch.stack(losses).mean())

    torch.set_num_threads(threads)
    steps = max(1, scale.steps * SHARD // batch)
    for _ in range(SPELLS):
        for name, run in ((OURS, trainer.run), (PEER, theirs)):
            time.sleep(0.5)  # until the other's threads wait without spinning
            run(max(1, steps // 4))
            started = np.array([time.perf_counter(), time.process_time()])
            found[f"loss, {name}"] = run(steps)
            taken = np.array([time.perf_counter(), time.process_time()]) - started
            found[name].append(taken / steps)
    # Whatever else the machine does can only add.
    return found | {name: np.min(found[name], axis=0).tolist() for name in (OURS, PEER)}


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Milliseconds of a step, how many times as long PyTorch takes, and where that is too few."""
    lines, failures = [], []
    for run in done:
        if "left out" in run:
            failures.append(f"{run['data']}: left out, {run['left out']}")
            continue
        wall, cpu = np.divide(run[PEER], run[OURS])
        lines.append([
            run["data"], run["batch"], run["threads"], f"{run['difference']:.1e}",
            *(f"{1000 * seconds:.2f}" for name in (OURS, PEER) for seconds in run[name]),
            f"{wall:.2f}", f"{cpu:.2f}",
        ])  # fmt: skip
        if wall < FASTER:
            what = f"{run['data']}, {run['batch']} blocks, threads: {run['threads']}"
            failures.append(f"{what}: {wall:.2f} times as fast as PyTorch, bar {FASTER:g}")
    clocks = [f"{name}, {clock} ms" for name in (OURS, PEER) for clock in ("wall", "processor")]
    heads = ["a step of training", "blocks", "threads", "gradients differ by", *clocks]
    return report.table([*heads, "wall ×", "processor ×"], lines), failures, {}


FIGURE = runs.Figure(measured, summary)
