"""The compiled trainer of a network on the rows of a table."""

from __future__ import annotations

import numpy as np

from entivec import _core
from entivec.base.training import State
from entivec.rows.network import Network
from entivec.rows.task import RowOptions

SWAP_NOISE_SPAN = 0.7  # share of the training after which swap noise has faded


def row_trainer(
    network: Network,
    table: _core.Table,
    rows: np.ndarray,
    state: State,
    options: RowOptions,
    compiled: _core.TrainingOptions,
    weights: np.ndarray | None = None,
    targets: _core.Table | None = None,
) -> _core.Trainer:
    """Make the trainer of `network` on `rows` of `table`, at `state`."""
    corruption = _core.Corruption(
        noise=options.noise,
        level=options.noise_level,
        unknown_rate=options.unknown_rate,
        span=SWAP_NOISE_SPAN if options.noise == "swap" else 0.0,
    )
    model = _core.RowModel(network.compiled[1], table, weights, corruption, targets)
    return _core.Trainer(model, rows, state.as_tuple(), compiled)
