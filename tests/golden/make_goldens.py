"""Write the golden files anew: the typed autoencoder in PyTorch, by its definition.

Needs PyTorch; run as ``python tests/golden/make_goldens.py``. The C++ and Python tests replay the
files. Every case is one text file of blocks, each ``name rows columns`` followed by its numbers;
the tables and parameters are short decimals, so that float and double start from the same numbers
to within rounding.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parent
ROWS, CODE, STEPS, RATE = 24, 3, 10, 0.01

# Source columns: a number with gaps, a number, a date of two parts with gaps, three categories
# whose targets start at code 2, 1 and 2 (the last is a flag), and a bag.
DENSE_SOURCE, DENSE_GAP = [0, 1, 2, 2], [1, 0, 1, 0]
CODE_SOURCE, LEVELS, FIRST_TARGET = [3, 4, 5], [5, 4, 4], [2, 1, 2]
SHARE = [[0, 0, 0.5, 0.25, 0.25], [0, 0.125, 0.5, 0.375], [0, 0, 0.75, 0.25]]
BAG_SOURCE, BAG_SHARE, SOURCES = 6, [0.5, 0.25, 0.125, 0.125], 7
ENTROPY_FLOOR = 0.05

ACTIVATIONS = {
    "identity": nn.Identity,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "gelu": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU,
}

# name: hidden layers, activation, linear path, penalty on the non-linear part, l2
CASES = {
    "recipe": ([5, 4], "gelu", 1, 1.0, 0.0),
    "penalties": ([4], "silu", 1, 0.5, 0.01),
    "relu_chain": ([5, 4], "relu", 0, 1.0, 0.01),
    "tanh_chain": ([4], "tanh", 0, 1.0, 0.0),
    "sigmoid_chain": ([4], "sigmoid", 0, 1.0, 0.0),
    "linear": ([], "identity", 1, 1.0, 0.0),
}


def make_table(rng):
    """Dense, code and bag-count blocks with missing cells of every kind."""
    dense = np.round(rng.normal(size=(ROWS, len(DENSE_SOURCE))) + 0.25, 2)
    for columns in ([0], [2, 3]):
        dense[np.ix_(rng.random(ROWS) < 0.25, columns)] = np.nan
    codes = np.stack([rng.integers(0, levels, ROWS) for levels in LEVELS], axis=1)
    bags = rng.integers(0, 4, size=(ROWS, len(BAG_SHARE)))
    bags[rng.random(ROWS) < 0.2] = 0
    return dense, codes, bags


def explicit_input(dense, codes, bags):
    """(n, inputs): numbers with zeros for gaps, gap flags, one-hot codes, shares of the bag."""
    gaps = np.isnan(dense)
    one_hot = [np.eye(levels)[codes[:, j]] for j, levels in enumerate(LEVELS)]
    shares = bags / np.maximum(bags.sum(axis=1, keepdims=True), 1)
    flags = gaps[:, np.array(DENSE_GAP, dtype=bool)]
    return torch.tensor(np.hstack([np.where(gaps, 0, dense), flags, *one_hot, shares]))


class AutoEncoder(nn.Module):
    """z = L_e(x) + M_e(x), outputs = L_d(z) + M_d(z); no M without hidden layers."""

    def __init__(self, inputs, outputs, hidden, activation, linear_path):
        super().__init__()
        widths = [inputs, *hidden, CODE]
        self.linear_path = linear_path or not hidden
        self.encoder_line = nn.Linear(inputs, CODE) if self.linear_path else None
        self.decoder_line = nn.Linear(CODE, outputs, bias=False) if self.linear_path else None
        self.encoder_maps = nn.ModuleList(map(nn.Linear, widths[:-1], widths[1:]) if hidden else [])
        back = [CODE, *hidden[::-1]]
        self.decoder_maps = nn.ModuleList(map(nn.Linear, back[:-1], back[1:]))
        self.output = nn.Linear(hidden[0], outputs, bias=False) if hidden else None
        self.output_bias = nn.Parameter(torch.zeros(outputs))
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        bent = x.new_zeros(len(x), CODE)
        if self.encoder_maps:
            bent = self.encoder_maps[0](x)
            for affine in self.encoder_maps[1:]:
                bent = affine(self.activation(bent))
        z = bent + self.encoder_line(x) if self.linear_path else bent
        outputs = self.output_bias + (self.decoder_line(z) if self.linear_path else 0)
        if self.output is not None:
            h = z
            for affine in self.decoder_maps:
                h = self.activation(affine(h))
            outputs = outputs + self.output(h)
        return outputs, bent

    def hidden_kernels(self):
        return [affine.weight for affine in [*self.encoder_maps[:-1], *self.decoder_maps]]

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
        return torch.cat([part.reshape(-1) for part in parts])


def entropy_weight(share):
    entropy = -sum(p * math.log(p) for p in share if p > 0)
    return 1 / math.sqrt(max(entropy, ENTROPY_FLOOR))


def reconstruction(outputs, dense, codes, bags):
    """Mean over rows of (1/C) Σ over source columns, missing cells left out."""
    total, at = outputs.new_zeros(()), len(DENSE_SOURCE)
    for j, source in enumerate(DENSE_SOURCE):
        seen = ~np.isnan(dense[:, j])
        target = torch.tensor(dense[seen, j])
        total = total + ((outputs[seen, j] - target) ** 2).sum() / DENSE_SOURCE.count(source)
    for j, (levels, first) in enumerate(zip(LEVELS, FIRST_TARGET, strict=True)):
        seen = codes[:, j] >= first
        target = torch.tensor(codes[seen, j] - first)
        weight = entropy_weight(SHARE[j][first:])
        if levels - first == 2:
            logits = outputs[seen, at]
            loss = nn.functional.binary_cross_entropy_with_logits
            total = total + weight * loss(logits, target.double(), reduction="sum")
            at += 1
        else:
            logits = outputs[seen, at : at + levels - first]
            total = total + weight * nn.functional.cross_entropy(logits, target, reduction="sum")
            at += levels - first
    seen = bags.sum(axis=1) > 0
    share = torch.tensor(bags[seen] / bags[seen].sum(axis=1, keepdims=True))
    log_p = nn.functional.log_softmax(outputs[seen, at:], dim=1)
    total = total - entropy_weight(BAG_SHARE) * (share * log_p).sum()
    return total / (SOURCES * len(outputs))


def write(path, activation, blocks):
    with path.open("w") as file:
        file.write(f"{activation}\n")
        for name, values in blocks.items():
            values = np.atleast_2d(values)
            file.write(f"{name} {values.shape[0]} {values.shape[1]}\n")
            for row in values:
                numbers = (repr(float(value)).removesuffix(".0") for value in row)
                file.write(" ".join(numbers) + "\n")


def make_case(name, seed):
    hidden, activation, linear_path, penalty, l2 = CASES[name]
    rng = np.random.default_rng(seed)
    dense, codes, bags = make_table(rng)
    x = explicit_input(dense, codes, bags)
    outputs = len(DENSE_SOURCE) + 3 + 3 + 1 + len(BAG_SHARE)
    model = AutoEncoder(x.shape[1], outputs, hidden, activation, linear_path).double()
    for parameter in model.parameters():
        parameter.data = torch.tensor(np.round(0.4 * rng.normal(size=parameter.shape), 3))

    def loss_of_all():
        predicted, bent = model(x)
        loss = reconstruction(predicted, dense, codes, bags)
        if linear_path and hidden:
            loss = loss + penalty * (bent**2).mean()
        return loss + l2 * sum((kernel**2).sum() for kernel in model.hidden_kernels())

    params = model.flat(lambda parameter: parameter.detach().clone())
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    losses, gradient = [], None
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of_all()
        loss.backward()
        if gradient is None:
            gradient = model.flat(lambda parameter: parameter.grad)
        optimiser.step()
        losses.append(loss.item())
    blocks = {
        "hidden": hidden,
        "code": CODE,
        "linear_path": linear_path,
        "nonlinear_penalty": penalty,
        "l2": l2,
        "learning_rate": RATE,
        "dense_source": DENSE_SOURCE,
        "dense_gap": DENSE_GAP,
        "code_source": CODE_SOURCE,
        "levels": LEVELS,
        "first_target": FIRST_TARGET,
        "share": [share for column in SHARE for share in column],
        "bag_source": BAG_SOURCE,
        "bag_share": BAG_SHARE,
        "dense": dense,
        "codes": codes,
        "bags": bags,
        "params": params.numpy(),
        "gradient": gradient.numpy(),
        "losses": losses,
    }
    write(FOLDER / f"{name}.txt", activation, blocks)


if __name__ == "__main__":
    for seed, name in enumerate(CASES):
        make_case(name, seed)
