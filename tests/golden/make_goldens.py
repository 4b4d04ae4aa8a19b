"""Write the golden files anew: the typed autoencoder in PyTorch, by its definition.

Needs PyTorch; run as ``python tests/golden/make_goldens.py``. The C++ and Python tests replay the
files. Every case is one text file of blocks, each ``name rows columns`` followed by its numbers;
the tables and parameters are short decimals, so that float and double start from the same numbers
to within rounding.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parent
ROWS, CODE, STEPS, RATE = 24, 3, 10, 0.01


class Columns(NamedTuple):
    """Columns of a table as the core takes them; without a bag its source is -1."""

    dense_source: list
    dense_gap: list
    code_source: list
    levels: list
    first_target: list
    share: list
    bag_source: int
    bag_share: list
    sources: int
    source_weight: list

    def outputs(self):
        targets = [n - first for n, first in zip(self.levels, self.first_target, strict=True)]
        logits = sum(1 if n == 2 else n for n in targets)
        return len(self.dense_source) + logits + len(self.bag_share)


# A number with gaps, a number, a date of two parts with gaps, three categories whose targets start
# at code 2, 1 and 2 (the last is a flag), and a bag.
TABLE = Columns(
    dense_source=[0, 1, 2, 2],
    dense_gap=[1, 0, 1, 0],
    code_source=[3, 4, 5],
    levels=[5, 4, 4],
    first_target=[2, 1, 2],
    share=[[0, 0, 0.5, 0.25, 0.25], [0, 0.125, 0.5, 0.375], [0, 0, 0.75, 0.25]],
    bag_source=6,
    bag_share=[0.5, 0.25, 0.125, 0.125],
    sources=7,
    source_weight=[1] * 7,
)
# What the code of the guided case is to predict: a number, a category of three levels, a flag.
GUIDE = Columns(
    dense_source=[0],
    dense_gap=[0],
    code_source=[1, 2],
    levels=[5, 4],
    first_target=[2, 2],
    share=[[0, 0, 0.5, 0.25, 0.25], [0, 0, 0.75, 0.25]],
    bag_source=-1,
    bag_share=[],
    sources=3,
    source_weight=[2, 0.5, 1],
)
ENTROPY_FLOOR = 0.05

ACTIVATIONS = {
    "identity": nn.Identity,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "gelu": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU,
}

NONE, LAYERS, WHOLE = range(3)  # what a contractive penalty is taken of


class Case(NamedTuple):
    """A net and what its loss holds beside the reconstruction."""

    hidden: list
    activation: str
    linear_path: int = 0
    nonlinear_penalty: float = 1.0
    l2: float = 0.0
    code_activation: int = 0
    contraction_kind: int = NONE
    contraction: float = 0.0
    guided: bool = False
    weighted: bool = False  # rows of unequal weight
    channels: tuple = ()  # 1×1 convolutions in place of hidden layers


CASES = {
    "recipe": Case([5, 4], "gelu", 1),
    "penalties": Case([4], "silu", 1, 0.5, 0.01),
    "relu_chain": Case([5, 4], "relu", 0, 1.0, 0.01),
    "tanh_chain": Case([4], "tanh"),
    "sigmoid_chain": Case([4], "sigmoid"),
    "linear": Case([], "identity", 1),
    "deep_tanh": Case([5, 4], "tanh", 0, 1.0, 0.01, 1, WHOLE, 0.7),
    "deep_gelu_path": Case([5, 4], "gelu", 1, 0.5, 0.01, 0, WHOLE, 0.2, weighted=True),
    "deep_sigmoid_wide": Case([40, 4], "sigmoid", 0, 1.0, 0.0, 1, WHOLE, 500.0),
    "deep_silu_one": Case([5], "silu", 0, 1.0, 0.0, 0, WHOLE, 0.5),
    "stacked_tanh": Case([5, 4], "tanh", 0, 1.0, 0.0, 1, LAYERS, 0.3),
    "cae_tanh": Case([], "tanh", 0, 1.0, 0.0, 1, LAYERS, 0.4),
    "cae_sigmoid": Case([], "sigmoid", 0, 1.0, 0.01, 1, LAYERS, 3.0),
    "guided": Case([5, 4], "gelu", 1, guided=True),
    "stacked_silu_path": Case([5, 4], "silu", 1, 0.5, 0.0, 0, LAYERS, 0.3),
    "cae_tanh_path": Case([], "tanh", 1, 0.5, 0.0, 1, WHOLE, 0.4),
    "conv": Case([], "tanh", 1, 0.5, 0.01, channels=(2, 3)),
}


def make_table(rng):
    """Dense, code and bag-count blocks with missing cells of every kind."""
    dense = np.round(rng.normal(size=(ROWS, len(TABLE.dense_source))) + 0.25, 2)
    for columns in ([0], [2, 3]):
        dense[np.ix_(rng.random(ROWS) < 0.25, columns)] = np.nan
    codes = np.stack([rng.integers(0, levels, ROWS) for levels in TABLE.levels], axis=1)
    bags = rng.integers(0, 4, size=(ROWS, len(TABLE.bag_share)))
    bags[rng.random(ROWS) < 0.2] = 0
    return dense, codes, bags


def make_guide(rng):
    """Blocks of the targets of a guided code, some labels missing."""
    dense = np.round(rng.normal(size=(ROWS, 1)), 2)
    dense[rng.random(ROWS) < 0.3] = np.nan
    codes = np.stack([rng.integers(0, levels, ROWS) for levels in GUIDE.levels], axis=1)
    return dense, codes, np.zeros((ROWS, 0))


def explicit_input(dense, codes, bags):
    """(n, inputs): numbers with zeros for gaps, gap flags, one-hot codes, shares of the bag."""
    gaps = np.isnan(dense)
    one_hot = [np.eye(levels)[codes[:, j]] for j, levels in enumerate(TABLE.levels)]
    shares = bags / np.maximum(bags.sum(axis=1, keepdims=True), 1)
    flags = gaps[:, np.array(TABLE.dense_gap, dtype=bool)]
    return torch.tensor(np.hstack([np.where(gaps, 0, dense), flags, *one_hot, shares]))


def values_of_the_row(dense, codes, bags):
    """(n, inputs): 1 where an input is a value that this row has, 0 at missing cells and at marks.

    What a contractive penalty differentiates by.
    """
    flags = np.zeros((ROWS, sum(TABLE.dense_gap)))
    one_hot = [
        np.repeat(codes[:, [j]] != 0, levels, axis=1) * (np.arange(levels) != 0)
        for j, levels in enumerate(TABLE.levels)
    ]
    shares = np.repeat(bags.sum(axis=1, keepdims=True) > 0, bags.shape[1], axis=1)
    return torch.tensor(np.hstack([~np.isnan(dense), flags, *one_hot, shares]).astype(float))


class AutoEncoder(nn.Module):
    """z = L_e(x) + M_e(x), outputs = L_d(z) + M_d(z); where M is missing, L is not.

    M_d is missing without hidden layers, M_e then too, unless the code is activated.
    """

    def __init__(self, inputs, case):
        super().__init__()
        hidden, outputs = case.hidden, TABLE.outputs()
        chain = [inputs, *hidden, CODE] if hidden or case.code_activation else []
        self.code_activation = case.code_activation
        encoder_line = case.linear_path or not chain
        decoder_line = case.linear_path or not hidden
        self.encoder_line = nn.Linear(inputs, CODE) if encoder_line else None
        self.decoder_line = nn.Linear(CODE, outputs, bias=False) if decoder_line else None
        self.encoder_maps = nn.ModuleList(map(nn.Linear, chain[:-1], chain[1:]))
        back = [CODE, *hidden[::-1]]
        self.decoder_maps = nn.ModuleList(map(nn.Linear, back[:-1], back[1:]))
        self.output = nn.Linear(hidden[0], outputs, bias=False) if hidden else None
        self.output_bias = nn.Parameter(torch.zeros(outputs))
        self.activation = ACTIVATIONS[case.activation]()
        self.guide_head = nn.Linear(CODE, GUIDE.outputs()) if case.guided else None

    def encoder_layers(self):
        """The layers of M_e, activation included."""
        last = len(self.encoder_maps) - 1
        return [
            nn.Sequential(affine, self.activation)
            if number < last or self.code_activation
            else affine
            for number, affine in enumerate(self.encoder_maps)
        ]

    def encode(self, x):
        """Codes and M_e(x)."""
        bent = x.new_zeros(*x.shape[:-1], CODE)
        if self.encoder_maps:
            bent = nn.Sequential(*self.encoder_layers())(x)
        return bent + self.encoder_line(x) if self.encoder_line is not None else bent, bent

    def decode(self, z):
        outputs = self.output_bias + (self.decoder_line(z) if self.decoder_line is not None else 0)
        if self.output is not None:
            h = z
            for affine in self.decoder_maps:
                h = self.activation(affine(h))
            outputs = outputs + self.output(h)
        return outputs

    def hidden_kernels(self):
        """Those below an activation."""
        last = len(self.encoder_maps) if self.code_activation else -1
        return [affine.weight for affine in [*self.encoder_maps[:last], *self.decoder_maps]]

    def flat(self, of):
        """All of ``of(parameter)`` in the core's order: encoder, then decoder."""
        first = [line for line in (self.encoder_line, *self.encoder_maps[:1]) if line is not None]
        last = [line for line in (self.decoder_line, self.output) if line is not None]
        parts = [
            torch.cat([of(line.weight) for line in first]).T,
            torch.cat([of(line.bias) for line in first]),
        ]
        for affine in [*self.encoder_maps[1:], *self.decoder_maps]:
            parts += [of(affine.weight).T, of(affine.bias)]
        parts += [torch.cat([of(line.weight).T for line in last]), of(self.output_bias)]
        if self.guide_head is not None:
            parts += [of(self.guide_head.weight).T, of(self.guide_head.bias)]
        return torch.cat([part.reshape(-1) for part in parts])


class ConvAutoEncoder(nn.Module):
    """M_e convolves the positions of a row with one channel, then flattens; M_d is its mirror."""

    def __init__(self, inputs, case):
        super().__init__()
        outputs, widths = TABLE.outputs(), [1, *case.channels]
        self.positions, self.channels = outputs, widths[-1]
        self.encoder_line = nn.Linear(inputs, CODE)
        self.encoder_maps = nn.ModuleList(convolutions(widths))
        self.encoder_dense = nn.Linear(inputs * self.channels, CODE)
        self.decoder_dense = nn.Linear(CODE, outputs * self.channels)
        self.decoder_maps = nn.ModuleList(convolutions(widths[::-1]))
        self.decoder_line = nn.Linear(CODE, outputs)
        self.activation = ACTIVATIONS[case.activation]()

    def encode(self, x):
        """Codes and M_e(x)."""
        h = x[:, None, :]
        for convolution in self.encoder_maps:
            h = self.activation(convolution(h))
        bent = self.encoder_dense(h.transpose(1, 2).flatten(1))
        return bent + self.encoder_line(x), bent

    def decode(self, z):
        h = self.decoder_dense(z).unflatten(1, (self.positions, self.channels)).transpose(1, 2)
        for convolution in self.decoder_maps:
            h = convolution(self.activation(h))
        return h[:, 0, :] + self.decoder_line(z)

    def hidden_kernels(self):
        """Those below an activation."""
        maps = [*self.encoder_maps, self.decoder_dense, *self.decoder_maps[:-1]]
        return [affine.weight for affine in maps]

    def flat(self, of):
        """All of ``of(parameter)`` in the core's order: encoder, then decoder."""
        maps = [self.encoder_line, *self.encoder_maps, self.encoder_dense]
        maps += [self.decoder_dense, *self.decoder_maps, self.decoder_line]
        parts = []
        for affine in maps:
            parts += [of(affine.weight).flatten(1).T, of(affine.bias)]
        return torch.cat([part.reshape(-1) for part in parts])


def convolutions(widths):
    return [nn.Conv1d(a, b, kernel_size=1) for a, b in pairwise(widths)]


def entropy_weight(share):
    entropy = -sum(p * math.log(p) for p in share if p > 0)
    return 1 / math.sqrt(max(entropy, ENTROPY_FLOOR))


def summed_loss(outputs, columns, dense, codes, bags):
    """Sum over rows and source columns, missing cells left out."""
    total, at = outputs.new_zeros(()), len(columns.dense_source)
    for j, source in enumerate(columns.dense_source):
        seen = ~np.isnan(dense[:, j])
        squares = ((outputs[seen, j] - torch.tensor(dense[seen, j])) ** 2).sum()
        by = columns.source_weight[source] / columns.dense_source.count(source)
        total = total + by * squares
    for j, (levels, first) in enumerate(zip(columns.levels, columns.first_target, strict=True)):
        seen = codes[:, j] >= first
        target = torch.tensor(codes[seen, j] - first)
        width = 1 if levels - first == 2 else levels - first
        logits = outputs[seen, at : at + width]
        if width == 1:
            loss = nn.BCEWithLogitsLoss(reduction="sum")
            entropies = loss(logits[:, 0], target.double())
        else:
            entropies = nn.CrossEntropyLoss(reduction="sum")(logits, target)
        by = entropy_weight(columns.share[j][first:])
        total = total + columns.source_weight[columns.code_source[j]] * by * entropies
        at += width
    if columns.bag_source >= 0:
        seen = bags.sum(axis=1) > 0
        share = torch.tensor(bags[seen] / bags[seen].sum(axis=1, keepdims=True))
        log_p = nn.functional.log_softmax(outputs[seen, at:], dim=1)
        by = columns.source_weight[columns.bag_source] * entropy_weight(columns.bag_share)
        total = total - by * (share * log_p).sum()
    return total


def typed_loss(outputs, columns, table, weight):
    """Mean over rows of weight · (1/C) Σ over source columns."""
    total = 0
    for by in np.unique(weight):
        rows = weight == by
        total = total + by * summed_loss(outputs[rows], columns, *(block[rows] for block in table))
    return total / (columns.sources * len(outputs))


def jacobians(layer, x):
    """(n, outputs, inputs): ∂layer/∂x of every row."""
    return torch.func.vmap(torch.func.jacrev(layer))(x)


def contraction(model, kind, x, values):
    """(n,) squared norm of the whole encoder's Jacobian, or the sum of its layers' own."""
    if kind == WHOLE:
        j = jacobians(lambda row: model.encode(row)[0], x) * values[:, None, :]
        return (j**2).sum(dim=(1, 2))
    # Of the first layer and of the linear path only what belongs to values of the row.
    total, h = x.new_zeros(len(x)), x
    for number, layer in enumerate(model.encoder_layers()):
        j = jacobians(layer, h)
        if number == 0:
            j = j * values[:, None, :]
        total, h = total + (j**2).sum(dim=(1, 2)), layer(h)
    if model.encoder_line is not None:
        total = total + ((model.encoder_line.weight * values[:, None, :]) ** 2).sum(dim=(1, 2))
    return total


def write(path, activation, blocks):
    with path.open("w") as file:
        file.write(f"{activation}\n")
        for name, values in blocks.items():
            values = np.atleast_2d(values)
            file.write(f"{name} {values.shape[0]} {values.shape[1]}\n")
            for row in values:
                numbers = (repr(float(value)).removesuffix(".0") for value in row)
                file.write(" ".join(numbers) + "\n")


def columns_of(columns):
    """`columns` as blocks."""
    blocks = columns._asdict()
    blocks["share"] = [share for column in columns.share for share in column]
    del blocks["sources"], blocks["source_weight"]
    return blocks


def table_of(table):
    return dict(zip(("dense", "codes", "bags"), table, strict=True))


def make_case(name, seed):
    case = CASES[name]
    rng = np.random.default_rng(seed)
    table = make_table(rng)
    x, values = explicit_input(*table), values_of_the_row(*table)
    model = (ConvAutoEncoder if case.channels else AutoEncoder)(x.shape[1], case).double()
    for parameter in model.parameters():
        parameter.data = torch.tensor(np.round(0.4 * rng.normal(size=parameter.shape), 3))
    guide = make_guide(rng) if case.guided else None
    weight = np.ones(ROWS)
    if case.weighted:
        weight = rng.permutation(np.tile([0.5, 1.0, 1.5], ROWS // 3))

    def penalty():
        rows = contraction(model, case.contraction_kind, x, values)
        return (torch.tensor(weight) * rows).mean()

    def loss_of_all():
        z, bent = model.encode(x)
        loss = typed_loss(model.decode(z), TABLE, table, weight)
        if case.linear_path:
            bending = (torch.tensor(weight)[:, None] * bent**2).mean()
            loss = loss + case.nonlinear_penalty * bending
        if guide is not None:
            loss = loss + typed_loss(model.guide_head(z), GUIDE, guide, weight)
        if case.contraction_kind != NONE:
            loss = loss + case.contraction / TABLE.sources * penalty()
        return loss + case.l2 * sum((kernel**2).sum() for kernel in model.hidden_kernels())

    params = model.flat(lambda parameter: parameter.detach().clone())
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    losses, gradient = [], None
    blocks = {
        "hidden": case.hidden,
        "code": CODE,
        "linear_path": case.linear_path,
        "nonlinear_penalty": case.nonlinear_penalty,
        "l2": case.l2,
        "learning_rate": RATE,
        **columns_of(TABLE),
        **table_of(table),
    }
    # A setting that a case does not use stands not in its file.
    if case.channels:
        blocks["channels"] = case.channels
    if case.code_activation:
        blocks["code_activation"] = 1
    if case.contraction_kind != NONE:
        blocks["contraction_kind"] = case.contraction_kind
        blocks["contraction"] = case.contraction
        blocks["penalty"] = penalty().item()
    if case.weighted:
        blocks["weight"] = weight
    if guide is not None:
        own = {**columns_of(GUIDE), "source_weight": GUIDE.source_weight, **table_of(guide)}
        blocks |= {f"guide_{key}": block for key, block in own.items()}
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of_all()
        loss.backward()
        if gradient is None:
            gradient = model.flat(lambda parameter: parameter.grad)
        optimiser.step()
        losses.append(loss.item())
    blocks |= {"params": params.numpy(), "gradient": gradient.numpy(), "losses": losses}
    write(FOLDER / f"{name}.txt", case.activation, blocks)


if __name__ == "__main__":
    for seed, name in enumerate(CASES):
        make_case(name, seed)
