"""Training steps of a variational autoencoder against the same in PyTorch.

784-400-40 over pixels and 100-64-16 over a mixed table, where PyTorch has an embedding and a
cross-entropy for every category. Same weights, batches, order of rows and optimiser; with the noise
switched off both give the same gradient, and with it the same mean loss of an epoch, before
anything is timed. Needs PyTorch; writes results/variational-speed.{json,md} and exits 1 where a bar
is missed.

    python bench/variational_speed.py
    python bench/variational_speed.py --smoke   # tiny sizes, nothing written, no bars but agreement
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import report
import torch
from speed.nets import Net, Reader, TorchTraining, order_of_rows, torch_linear, trainer_of
from timing import DisagreementError, Line, alternate, at_least, check_agreement, medians_of
from torch import Tensor, nn

from entivec.rows.network import Network
from entivec.table import Blocks

THREADS = 2
RUNS = 7
GRADIENT_TOLERANCE = 3e-5  # relative, of the first step with hardly any noise
LOSS_TOLERANCE = 1e-2  # relative, of an epoch's mean loss, each side with noise of its own
SILENT = -19.0  # log variance; below -20 it is bounded
WIDE = 30.0  # factor on the means: noise then does not show, and a loss that is 0.1 % off does


class Case(NamedTuple):
    """A net, how numbers are likely, and how many times faster than eager PyTorch it should be."""

    net: Net
    bernoulli: bool
    bar: float

    @property
    def name(self) -> str:
        """Widths, one-hot levels counted, and batch."""
        width = self.net.widths[0] + sum(self.net.levels)
        return f"{'-'.join(map(str, (width, *self.net.widths[1:])))}, batch {self.net.batch}"

    def blocks(self) -> Blocks:
        """Normal numbers, or pixels of which an eighth is white."""
        blocks = self.net.blocks()
        if not self.bernoulli:
            return blocks
        return blocks._replace(dense=(blocks.dense > 1.15).astype(np.float32))

    def network(self) -> Network:
        """Our net at random weights."""
        plain = self.net.network()
        sizes = replace(plain.sizes, variational=True, bernoulli=self.bernoulli)
        network = Network(plain.layout, sizes, np.empty(0, np.float32), np.empty(0))
        network.params = network.compiled[1].initialise(0)
        return network


FIVES = (5,) * 10
FULL = (
    Case(Net((784, 400, 40), 100, 60), bernoulli=True, bar=1.5),
    Case(Net((50, 64, 16), 100, 200, FIVES), bernoulli=False, bar=5.0),
)
SMOKE = (
    Case(Net((20, 12, 4), 20, 30), bernoulli=True, bar=1.5),
    Case(Net((5, 12, 4), 20, 30, (3, 4)), bernoulli=False, bar=5.0),
)


class TorchVAE(nn.Module):
    """The same net and loss in PyTorch."""

    def __init__(self, net: Net, params: np.ndarray, bernoulli: bool) -> None:
        super().__init__()
        read = Reader(params)
        self.numbers, self.levels, self.bernoulli = net.widths[0], net.levels, bernoulli
        kernel = read(net.widths[0], net.widths[1])
        self.embeddings = nn.ModuleList(
            nn.Embedding.from_pretrained(read(levels + 2, net.widths[1]), freeze=False)
            for levels in net.levels
        )
        self.encoder = nn.ModuleList([torch_linear(kernel, read(net.widths[1]))])
        for n_in, n_out in pairwise([*net.widths[1:-1], 2 * net.widths[-1]]):
            self.encoder.append(torch_linear(read(n_in, n_out), read(n_out)))
        self.decoder = nn.ModuleList()
        for n_in, n_out in pairwise([*net.widths[:0:-1], net.widths[0] + sum(net.levels)]):
            self.decoder.append(torch_linear(read(n_in, n_out), read(n_out)))
        self.log_sigma = nn.Parameter(read(0 if bernoulli else self.numbers))
        read.check_empty()

    def forward(self, x: Tensor, codes: Tensor) -> Tensor:
        h = self.encoder[0](x)
        for j, embedding in enumerate(self.embeddings):
            h = h + embedding(codes[:, j])
        for layer in self.encoder[1:]:
            h = layer(torch.relu(h))
        mean, log_variance = h.chunk(2, dim=1)
        h = self.decoder[0](mean + (log_variance / 2).exp() * torch.randn_like(mean))
        for layer in self.decoder[1:]:
            h = layer(torch.relu(h))
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        nats = self.nats(h, x, codes) + divergence
        return nats / len(x) / (self.numbers + len(self.levels))

    def nats(self, h: Tensor, x: Tensor, codes: Tensor) -> Tensor:
        """Sum of -log p(x|z) over rows and columns."""
        numbers, *logits = h.split([self.numbers, *self.levels], dim=1)
        if self.bernoulli:
            loss = nn.functional.binary_cross_entropy_with_logits(numbers, x, reduction="sum")
        else:
            log_sigma = self.log_sigma.clamp(math.log(0.01), 0)
            error = (numbers - x) * (-log_sigma).exp()
            loss = (0.5 * error**2 + log_sigma + 0.5 * math.log(2 * math.pi)).sum()
        for j, own in enumerate(logits):
            loss = loss + nn.functional.cross_entropy(own, codes[:, j] - 2, reduction="sum")
        return loss

    def gradient(self) -> np.ndarray:
        """Gradients in the order of our parameters."""
        first, *others = [
            (layer.weight.grad.t(), layer.bias.grad) for layer in (*self.encoder, *self.decoder)
        ]
        embedded = [embedding.weight.grad for embedding in self.embeddings]
        parts = [first[0], *embedded, first[1], *(part for layer in others for part in layer)]
        if not self.bernoulli:
            parts.append(self.log_sigma.grad)
        return np.concatenate([part.numpy().ravel() for part in parts])


def silent(network: Network, case: Case) -> np.ndarray:
    """Return the parameters with means so wide and variances so low that noise does not show."""
    net, params = case.net, network.params.copy()
    hidden, code = net.widths[-2], net.widths[-1]
    end = network.compiled[1].encoder_params
    bias = params[end - 2 * code : end]
    kernel = params[end - 2 * code * (hidden + 1) : end - 2 * code].reshape(hidden, 2 * code)
    kernel[:, :code] *= WIDE
    kernel[:, code:], bias[code:] = 0, SILENT
    return params


def contenders_of(case: Case, compile_peers: bool) -> dict[str, Callable[[], float]]:
    """Return epochs of training, ours and the peers', that gave equal results first."""
    net, network, blocks = case.net, case.network(), case.blocks()
    table = network.table(blocks)
    orders = [torch.tensor(order_of_rows(net.rows, net.steps * epoch)) for epoch in range(2)]
    quiet = silent(network, case)
    still = trainer_of(replace(network, params=quiet), table, net, THREADS)
    still.run(1)
    gradient = still.state[1] / 0.1  # Adam's first moment after one step
    trainer = trainer_of(network, table, net, THREADS)
    loss = trainer.run(net.steps)
    module_of = partial(TorchVAE, bernoulli=case.bernoulli)
    contenders: dict[str, Callable[[], float]] = {"entivec": lambda: trainer.run(net.steps)}
    for name, compiled in {"eager": False, **({"compiled": True} if compile_peers else {})}.items():
        training = TorchTraining(net, quiet, blocks, compiled, module_of)
        training.step(orders[0][: net.batch])
        theirs = training.module.gradient()
        check_agreement(f"{case.name}, gradient, {name}", gradient, theirs, GRADIENT_TOLERANCE)
        training = TorchTraining(net, network.params, blocks, compiled, module_of)
        check_agreement(
            f"{case.name}, loss, {name}", [loss], [training.epoch(orders[0])], LOSS_TOLERANCE
        )
        contenders[name] = lambda training=training: training.epoch(orders[1])
    return contenders


def measure(case: Case, runs: int, compile_peers: bool) -> tuple[dict[str, Any], Line]:
    """Time epochs in turn; return microseconds of a step and the figure."""
    seconds = alternate(contenders_of(case, compile_peers), runs)
    steps = {name: [1e6 * s / case.net.steps for s in times] for name, times in seconds.items()}
    medians = medians_of(steps)
    ratios = {name: medians[name] / medians["entivec"] for name in steps if name != "entivec"}
    found = {"case": case.name, "microseconds_a_step": steps, "medians": medians, "ratios": ratios}
    return found, at_least(f"{case.name}, against eager", ratios["eager"], case.bar)


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written, no bars")
    smoke = parser.parse_args().smoke
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    try:
        measured = [
            measure(case, 1 if smoke else RUNS, not smoke) for case in (SMOKE if smoke else FULL)
        ]
    except DisagreementError as error:
        return report.verdict([str(error)])
    cases, lines = [found for found, _ in measured], [line for _, line in measured]
    met = {True: "yes", False: "**short**"}
    marked = [(*line[:3], "not judged" if smoke else met[line.met]) for line in lines]
    ways = []
    for case in cases:
        for way, times in case["microseconds_a_step"].items():
            ratio = f"{case['ratios'][way]:.2f} ×" if way in case["ratios"] else ""
            spread = f"{min(times):.0f}–{max(times):.0f}"
            ways.append([case["case"], way, f"{case['medians'][way]:.0f}", spread, ratio])
    text = "\n\n".join(
        [
            f"{THREADS} threads, PyTorch {torch.__version__}, medians of {RUNS} epochs in turn",
            report.table(["figure", "measured", "required", "met"], marked),
            report.table(["net", "way", "µs a step", "range", "entivec is faster by"], ways),
        ]
    )
    print(text)
    if smoke:
        return 0
    document = {"torch": torch.__version__, "threads": THREADS, "cases": cases}
    document["figures"] = [line._asdict() for line in lines]
    report.write("variational-speed", document, text)
    return report.verdict([f"{line.what} {line.measured}" for line in lines if not line.met])


if __name__ == "__main__":
    sys.exit(main())
