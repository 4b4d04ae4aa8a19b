"""The nets that are compared: ours and PyTorch's, same weights, batches and order of rows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from entivec import _core
from entivec.rows.network import Network, Sizes
from entivec.table import Blocks, Layout
from entivec.table.bag import empty_bag

RATE = 1e-3
SEED = 0
STREAM_OF_SHUFFLES = 1  # entivec/core/rng.h


class Net(NamedTuple):
    """A mirrored autoencoder over numbers and, where `levels` are given, categories."""

    widths: tuple[int, ...]  # numbers, hidden layers, code
    batch: int
    steps: int  # of an epoch
    levels: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Widths of the encoder, as the issue writes them."""
        return "-".join(map(str, self.widths))

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return self.batch * self.steps

    def layout(self) -> Layout:
        """Every column a source of its own, no gaps, levels equally frequent."""
        numbers, categories = self.widths[0], len(self.levels)
        shares = [np.r_[0.0, 0.0, np.full(levels, 1 / levels)] for levels in self.levels]
        return Layout(
            dense_source=np.arange(numbers, dtype=np.int32),
            dense_gap=np.zeros(numbers, dtype=bool),
            code_source=np.arange(numbers, numbers + categories, dtype=np.int32),
            levels=np.array(self.levels, dtype=np.int32) + 2,
            first_target=np.full(categories, 2, dtype=np.int32),
            level_share=np.concatenate([np.empty(0), *shares]),
            bag_source=-1,
            bag_width=0,
            bag_share=np.empty(0),
            sources=[f"column{j}" for j in range(numbers + categories)],
        )

    def blocks(self, rows: int | None = None) -> Blocks:
        """Normal numbers and equally frequent levels."""
        rows = self.rows if rows is None else rows
        rng = np.random.default_rng(0)
        dense = rng.standard_normal((rows, self.widths[0]), dtype=np.float32)
        codes = np.empty((rows, len(self.levels)), dtype=np.int32)
        for j, levels in enumerate(self.levels):
            codes[:, j] = 2 + rng.integers(0, levels, rows)
        return Blocks(dense, codes, empty_bag(rows))

    def network(self, activate_code: bool = False) -> Network:
        """Our net at random weights: a plain chain with ReLU."""
        sizes = Sizes(
            hidden=self.widths[1:-1],
            code=self.widths[-1],
            activation="relu",
            linear_path=False,
            nonlinear_penalty=0.0,
            l2=0.0,
            code_activation=activate_code,
        )
        network = Network(self.layout(), sizes, np.empty(0, np.float32), np.empty(0))
        network.params = network.compiled[1].initialise(SEED)
        return network

    def flops(self) -> float:
        """Operations of the products of a training step: forward and both ways back."""
        mirrored = [*self.widths, *self.widths[-2::-1]]
        forward = sum(a * b for a, b in pairwise(mirrored)) + self.widths[1] * sum(self.levels)
        return 2 * self.batch * (3 * forward - self.widths[0] * self.widths[1])


def trainer_of(
    network: Network,
    table: _core.Table,
    net: Net,
    threads: int,
    matmul_precision: str = "float32",
    seed: int = SEED,
) -> _core.Trainer:
    """Adam at a constant rate, without noise."""
    zeros = np.zeros_like(network.params)
    return _core.Trainer(
        _core.RowModel(network.compiled[1], table),
        np.arange(table.rows),
        (network.params, zeros, zeros, 0),
        _core.TrainingOptions(
            batch_size=net.batch,
            total_steps=1,
            learning_rate=RATE,
            schedule="constant",
            seed=seed,
            threads=threads,
            matmul_precision=matmul_precision,
        ),
    )


def order_of_rows(rows: int, first_step: int) -> np.ndarray:
    """Our trainer's order of the epoch that begins at `first_step`, so that peers have the same.

    A Fisher-Yates shuffle with numbers of Philox4x32-10 (Salmon et al. 2011), as the core draws
    them.
    """
    order, words = np.arange(rows), _philox(np.arange(rows, dtype=np.uint64), first_step)
    for i in range(rows - 1, 0, -1):
        j = (int(words[i]) * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def _philox(index: np.ndarray, substream: int) -> np.ndarray:
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [index & low, index >> shift, np.uint64(STREAM_OF_SHUFFLES), np.uint64(substream)]
    keys = [SEED & 0xFFFFFFFF, SEED >> 32]
    for _ in range(10):
        products = [np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]]
        c = [
            (products[1] >> shift) ^ c[1] ^ np.uint64(keys[0]),
            products[1] & low,
            (products[0] >> shift) ^ c[3] ^ np.uint64(keys[1]),
            products[0] & low,
        ]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (c[0] << shift) | c[1]


class TorchNet(nn.Module):
    """The same net and loss in PyTorch: an embedding and a cross-entropy for every category."""

    def __init__(self, net: Net, params: np.ndarray) -> None:
        super().__init__()
        self.numbers, self.levels = net.widths[0], net.levels
        mirrored = [*net.widths, *net.widths[-2::-1]]
        read = Reader(params)
        kernel = read(net.widths[0], mirrored[1])
        self.embeddings = nn.ModuleList(
            nn.Embedding.from_pretrained(read(levels + 2, mirrored[1]), freeze=False)
            for levels in net.levels
        )
        layers: list[nn.Module] = [torch_linear(kernel, read(mirrored[1]))]
        for n_in, n_out in pairwise([*mirrored[1:-1], mirrored[-1] + sum(net.levels)]):
            layers.append(torch_linear(read(n_in, n_out), read(n_out)))
        read.check_empty()
        self.layers = nn.ModuleList(layers)
        self.code = len(net.widths) - 2  # number of the layer without activation
        self.weights = [1 / np.sqrt(np.log(levels)) for levels in net.levels]

    def encode(self, x: Tensor, codes: Tensor) -> Tensor:
        h = self.layers[0](x)
        for j, embedding in enumerate(self.embeddings):
            h = h + embedding(codes[:, j])
        for layer in self.layers[1 : self.code + 1]:
            h = layer(torch.relu(h))
        return h

    def forward(self, x: Tensor, codes: Tensor) -> Tensor:
        h = self.layers[self.code + 1](self.encode(x, codes))
        for layer in self.layers[self.code + 2 :]:
            h = layer(torch.relu(h))
        loss = nn.functional.mse_loss(h[:, : self.numbers], x)
        if not self.levels:
            return loss
        loss = loss * self.numbers
        logits = h[:, self.numbers :].split(self.levels, dim=1)
        for j, own in enumerate(logits):
            entropy = nn.functional.cross_entropy(own, codes[:, j] - 2)
            loss = loss + self.weights[j] * entropy
        return loss / (self.numbers + len(self.levels))

    def gradient(self) -> np.ndarray:
        """Gradients in the order of our parameters."""
        first, *others = [(layer.weight.grad.t(), layer.bias.grad) for layer in self.layers]
        embedded = [embedding.weight.grad for embedding in self.embeddings]
        parts = [first[0], *embedded, first[1], *(part for layer in others for part in layer)]
        return np.concatenate([part.numpy().ravel() for part in parts])


class Reader:
    """Takes matrices and vectors off a flat vector of parameters, one after the other."""

    def __init__(self, params: np.ndarray) -> None:
        self._params, self._at = params, 0

    def __call__(self, *shape: int) -> Tensor:
        size = int(np.prod(shape))
        part = self._params[self._at : self._at + size].reshape(shape)
        self._at += size
        return torch.tensor(part)

    def check_empty(self) -> None:
        assert self._at == len(self._params), f"{self._at} of {len(self._params)} parameters read"


def torch_linear(kernel: Tensor, bias: Tensor) -> nn.Linear:
    """Return a layer of a kernel (in, out) and a bias as the core keeps them."""
    layer = nn.Linear(*kernel.shape)
    layer.weight.data = kernel.t().contiguous()
    layer.bias.data = bias
    return layer


class TorchTraining:
    """Epochs of a module with PyTorch's fastest Adam, eager or compiled."""

    def __init__(
        self,
        net: Net,
        params: np.ndarray,
        blocks: Blocks,
        compiled: bool,
        module_of: Callable[[Net, np.ndarray], nn.Module] = TorchNet,
    ) -> None:
        self.net, self.module = net, module_of(net, params)
        self.run = torch.compile(self.module, dynamic=False) if compiled else self.module
        self.optimiser = torch.optim.Adam(self.module.parameters(), lr=RATE, fused=True)
        self.x, self.codes = torch.tensor(blocks.dense), torch.tensor(blocks.codes).long()

    def step(self, rows: Tensor) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        loss: Tensor = self.run(self.x[rows], self.codes[rows])
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def epoch(self, order: Tensor) -> float:
        """Train one epoch; return the mean loss of its steps."""
        losses = [self.step(rows) for rows in order.split(self.net.batch)]
        return float(torch.stack(losses).mean())
