"""Write the golden files of recurrent layers anew: PyTorch's GRU and LSTM over packed sequences.

Needs PyTorch; run as ``python tests/golden/make_recurrent_goldens.py``. The C++ tests replay the
files. Numbers stand in the order of the core: rows by time step, the longest sequence first;
parameters as kernels (in, gates) by row, each with its bias, inputs before states.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

FOLDER = Path(__file__).parent
LENGTHS, IN, HIDDEN, STEPS, RATE = [7, 5, 5, 2, 1], 4, 6, 10, 0.01


def in_our_order(layer, of):
    """Parameters of a layer, or their gradients, as one vector."""
    parts = [of(layer.weight_ih_l0).T, of(layer.bias_ih_l0), of(layer.weight_hh_l0).T]
    return torch.cat([part.reshape(-1) for part in [*parts, of(layer.bias_hh_l0)]])


def run(layer, padded, start):
    """Outputs as packed rows; `start` is h, and m of an LSTM, side by side."""
    packed = pack_padded_sequence(padded, LENGTHS)
    parts = [part.contiguous()[None] for part in start.split(HIDDEN, dim=1)]
    return layer(packed, tuple(parts) if len(parts) == 2 else parts[0])[0].data


def write(name, blocks):
    """Write one file: a word, then blocks ``name rows columns`` and their numbers."""
    lines = [name]
    for block, values in blocks.items():
        rows = values.detach().reshape(-1, values.shape[-1] if values.ndim > 0 else 1)
        lines.append(f"{block} {rows.shape[0]} {rows.shape[1]}")
        lines += [" ".join(f"{value:.12g}" for value in row) for row in rows.tolist()]
    (FOLDER / f"{name}.txt").write_text("\n".join(lines) + "\n")


def make(name, kind, states):
    """Outputs, gradients and ten training losses of one layer."""
    layer = kind(IN, HIDDEN)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_((torch.randn_like(parameter) / 2).round(decimals=3))
    padded = torch.randn(LENGTHS[0], len(LENGTHS), IN).round(decimals=3).requires_grad_()
    start = torch.randn(len(LENGTHS), states * HIDDEN).round(decimals=3).requires_grad_()
    target = torch.randn(sum(LENGTHS), HIDDEN).round(decimals=3)
    y = run(layer, padded, start)
    ((y - target) ** 2).sum().backward()
    pack = lambda given: pack_padded_sequence(given, LENGTHS).data  # noqa: E731
    blocks = {
        "lengths": torch.tensor([LENGTHS]),
        "x": pack(padded),
        "start": start,
        "target": target,
        "params": in_our_order(layer, lambda p: p).clone()[None],
        "y": y,
        "d_params": in_our_order(layer, lambda p: p.grad).clone()[None],
        "dx": pack(padded.grad),
        "d_start": start.grad.clone(),
    }
    optimiser, losses = torch.optim.Adam(layer.parameters(), lr=RATE), []
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = ((run(layer, padded, start) - target) ** 2).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    write(name, blocks | {"losses": torch.tensor([losses])})


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    make("gru", nn.GRU, 1)
    make("lstm", nn.LSTM, 2)
