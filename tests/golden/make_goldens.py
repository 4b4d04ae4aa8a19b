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
    categories: tuple = ()  # levels of the categorical latents
    variational: int = 0
    divergence_weight: float = 1.0
    capacity: float = -1.0  # below 0 there is none
    categorical_capacity: float = 0.0
    bernoulli: int = 0
    tied_weights: int = 0

    def statistics(self):
        """Width of what the encoder gives."""
        return 2 * CODE + sum(self.categories) if self.variational else CODE

    def latents(self):
        """Width of what the decoder reads."""
        return CODE + sum(self.categories)


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
    "vae": Case([5, 4], "gelu", variational=1, divergence_weight=2.0),
    "vae_bernoulli": Case([4], "tanh", variational=1, capacity=40.0, bernoulli=1),
    "joint": Case(
        [5],
        "silu",
        variational=1,
        divergence_weight=3.0,
        capacity=0.5,
        categories=(3, 2),
        categorical_capacity=9.0,
        weighted=True,
    ),
    "tied_tanh": Case([], "tanh", 0, 1.0, 0.01, 1, LAYERS, 0.4, weighted=True, tied_weights=1),
    "tied_bernoulli": Case([], "sigmoid", 0, 1.0, 0.0, 1, LAYERS, 3.0, bernoulli=1, tied_weights=1),
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
        code, latents = case.statistics(), case.latents()
        chain = [inputs, *hidden, code] if hidden or case.code_activation else []
        self.code_activation = case.code_activation
        encoder_line = case.linear_path or not chain
        self.tied = case.tied_weights
        decoder_line = (case.linear_path or not hidden) and not self.tied
        self.encoder_line = nn.Linear(inputs, code) if encoder_line else None
        self.decoder_line = nn.Linear(latents, outputs, bias=False) if decoder_line else None
        self.encoder_maps = nn.ModuleList(map(nn.Linear, chain[:-1], chain[1:]))
        back = [latents, *hidden[::-1]]
        self.decoder_maps = nn.ModuleList(map(nn.Linear, back[:-1], back[1:]))
        self.output = nn.Linear(hidden[0], outputs, bias=False) if hidden else None
        self.output_bias = nn.Parameter(torch.zeros(outputs))
        self.activation = ACTIVATIONS[case.activation]()
        self.guide_head = nn.Linear(CODE, GUIDE.outputs()) if case.guided else None
        numbers = len(TABLE.dense_source) * (case.variational and not case.bernoulli)
        self.log_sigma = nn.Parameter(torch.zeros(numbers))

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
        bent = 0
        if self.encoder_maps:
            bent = nn.Sequential(*self.encoder_layers())(x)
        return bent + self.encoder_line(x) if self.encoder_line is not None else bent, bent

    def decode(self, z):
        if self.tied:
            return self.output_bias + z @ tied_kernel(self.encoder_maps[0].weight)
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
        parts += [of(line.weight).T for line in last]
        parts.append(of(self.output_bias))
        if self.log_sigma.numel():
            parts.append(of(self.log_sigma))
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


def tied_kernel(weight):
    """(code, outputs): columns of an encoder's weight (code, inputs) at what has an output."""
    at = len(TABLE.dense_source)
    parts = [weight[:, :at]]
    at += sum(TABLE.dense_gap)
    for levels, first in zip(TABLE.levels, TABLE.first_target, strict=True):
        own = weight[:, at + first : at + levels]
        parts.append(own[:, [1]] - own[:, [0]] if levels - first == 2 else own)
        at += levels
    return torch.cat([*parts, weight[:, at:]], dim=1)


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


def negative_log_likelihood(model, outputs, table, bernoulli):
    """(n,) sums over source columns of -log p, missing cells left out."""
    dense, codes, bags = table
    total, at = outputs.new_zeros(len(outputs)), len(TABLE.dense_source)
    for j in range(at):
        seen = ~np.isnan(dense[:, j])
        cells, own = torch.tensor(dense[seen, j]), outputs[seen, j]
        if bernoulli:
            loss = nn.functional.softplus(own) - cells * own
        else:
            sigma = model.log_sigma[j].exp().clamp(0.01, 1)
            loss = -torch.distributions.Normal(own, sigma).log_prob(cells)
        total[seen] = total[seen] + loss
    for j, (levels, first) in enumerate(zip(TABLE.levels, TABLE.first_target, strict=True)):
        seen = codes[:, j] >= first
        target = torch.tensor(codes[seen, j] - first)
        width = 1 if levels - first == 2 else levels - first
        logits = outputs[seen, at : at + width]
        if width == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        loss = nn.functional.cross_entropy(logits, target, reduction="none")
        total[seen] = total[seen] + loss
        at += width
    seen = bags.sum(axis=1) > 0
    share = torch.tensor(bags[seen] / bags[seen].sum(axis=1, keepdims=True))
    total[seen] = total[seen] - (share * nn.functional.log_softmax(outputs[seen, at:], dim=1)).sum(
        1
    )
    return total


def philox(index, stream, substream=0):
    """Four words of the core's counter-based generator (Salmon et al. 2011) under seed 0."""
    words, key, mask = [index & 0xFFFFFFFF, index >> 32, stream, substream], [0, 0], 0xFFFFFFFF
    for _ in range(10):
        first, second = 0xD2511F53 * words[0], 0xCD9E8D57 * words[2]
        words = [
            (second >> 32) ^ words[1] ^ key[0],
            second & mask,
            (first >> 32) ^ words[3] ^ key[1],
            first & mask,
        ]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return words


SHUFFLE_STREAM, LATENT_STREAM = 1, 6


def shuffled(epoch):
    """The order in which the core's trainer visits the rows of an epoch that is one step."""
    order = list(range(ROWS))
    for i in range(ROWS - 1, 0, -1):
        high, low, *_ = philox(i, SHUFFLE_STREAM, epoch)
        other = ((high << 32 | low) * (i + 1)) >> 64
        order[i], order[other] = order[other], order[i]
    return order


def latent_noise(step, order, levels):
    """Normal noise (n, CODE) and Gumbel noise (n, levels) of a step, as the core draws them."""
    normal, gumbel = np.empty((ROWS, CODE)), np.empty((ROWS, levels))
    for place, i in enumerate(order):
        row = (step * ROWS + place) << 20
        words = np.array(philox(row, LATENT_STREAM), dtype=float)
        radius = np.sqrt(-2 * np.log((words[:2] + 0.5) / 2**32))
        angle = 2 * np.pi * words[2:] / 2**32
        normal[i] = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:CODE]
        calls = [philox(row + (1 << 19) + call, LATENT_STREAM) for call in range(levels // 4 + 1)]
        uniform = (np.ravel(calls)[:levels] + 0.5) / 2**32
        gumbel[i] = -np.log(-np.log(uniform))
    return torch.tensor(normal), torch.tensor(gumbel)


TEMPERATURE = 0.67


def variational_loss(model, case, x, table, weight, step, order):
    """-log p(x|z) and the divergence of the batch, over the number of source columns."""
    statistics, _ = model.encode(x)
    mean, log_variance = statistics[:, :CODE], statistics[:, CODE : 2 * CODE]
    normal, gumbel = latent_noise(step, order, sum(case.categories))
    parts, at = [mean + (log_variance / 2).exp() * normal], 0
    categorical = torch.zeros(len(x), dtype=x.dtype)
    for levels in case.categories:
        logits = statistics[:, 2 * CODE + at : 2 * CODE + at + levels]
        parts.append(((logits + gumbel[:, at : at + levels]) / TEMPERATURE).softmax(1))
        log_a = logits.log_softmax(1)
        categorical = categorical + math.log(levels) + (log_a.exp() * log_a).sum(1)
        at += levels
    gaussian = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    nats = negative_log_likelihood(
        model, model.decode(torch.cat(parts, dim=1)), table, case.bernoulli
    )
    weight = torch.tensor(weight)
    gaussian, categorical = (weight * gaussian).mean(), (weight * categorical).mean()
    if case.capacity < 0:
        divergence = gaussian + categorical
    else:
        most = min(case.categorical_capacity, sum(map(math.log, case.categories)))
        divergence = (gaussian - case.capacity).abs() + (categorical - most).abs()
    return ((weight * nats).mean() + case.divergence_weight * divergence) / TABLE.sources


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
    if case.variational:
        model.log_sigma.data = -model.log_sigma.data.abs()  # within its bounds
    guide = make_guide(rng) if case.guided else None
    weight = np.ones(ROWS)
    if case.weighted:
        weight = rng.permutation(np.tile([0.5, 1.0, 1.5], ROWS // 3))

    def penalty():
        rows = contraction(model, case.contraction_kind, x, values)
        return (torch.tensor(weight) * rows).mean()

    def loss_of_all(step, order):
        if case.variational:
            return variational_loss(model, case, x, table, weight, step, order)
        z, bent = model.encode(x)
        if case.bernoulli:
            nats = negative_log_likelihood(model, model.decode(z), table, case.bernoulli)
            loss = (torch.tensor(weight) * nats).mean() / TABLE.sources
        else:
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
    losses = []
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
    if case.tied_weights:
        blocks |= {"tied_weights": 1, "bernoulli": case.bernoulli}
    if case.variational:
        names = (
            "variational",
            "divergence_weight",
            "capacity",
            "categorical_capacity",
            "bernoulli",
        )
        blocks |= {name: getattr(case, name) for name in names}
        blocks |= {"categories": case.categories, "temperature": TEMPERATURE}
    if guide is not None:
        own = {**columns_of(GUIDE), "source_weight": GUIDE.source_weight, **table_of(guide)}
        blocks |= {f"guide_{key}": block for key, block in own.items()}
    loss = loss_of_all(0, range(ROWS))
    loss.backward()
    gradient = model.flat(lambda parameter: parameter.grad)
    if case.variational:
        blocks["loss"] = loss.item()  # of the rows in order: the first step's has other noise
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of_all(step, shuffled(step))
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    blocks |= {"params": params.numpy(), "gradient": gradient.numpy(), "losses": losses}
    write(FOLDER / f"{name}.txt", case.activation, blocks)


if __name__ == "__main__":
    for seed, name in enumerate(CASES):
        make_case(name, seed)
