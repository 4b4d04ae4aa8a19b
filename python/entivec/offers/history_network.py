"""A model of histories with its parameters: the way into the compiled core."""

from __future__ import annotations

import numpy as np

from entivec import _core
from entivec.offers.network import CompiledNetwork
from entivec.offers.reading import Histories
from entivec.table.blocks import Blocks


class HistoryNetwork(CompiledNetwork[_core.HistorySizes, _core.HistoryNet]):
    """The network of histories; its sizes are those of `_core.HistorySizes`."""

    core_sizes = _core.HistorySizes
    core_net = _core.HistoryNet

    def log(self, histories: Histories) -> _core.HistoryLog:
        """Return events for this network, without a copy."""
        return _core.HistoryLog(
            self.compiled[0],
            histories.blocks.offsets,
            histories.blocks.times if self.sizes["ordered"] else None,
            histories.items,
            histories.token_offsets,
            histories.tokens,
        )

    def embed(self, histories: Histories, customers: Blocks | None, threads: int) -> np.ndarray:
        """Vectors of the rows of `histories`, (rows, width), float32."""
        rows = histories.rows
        return self.net.embed(
            self.params,
            self.log(histories),
            np.ascontiguousarray(rows.begin, dtype=np.int64),
            np.ascontiguousarray(rows.end, dtype=np.int64),
            self.table(customers),
            threads,
        )

    def scores(self, vectors: np.ndarray, threads: int) -> np.ndarray:
        """Scores of all items for vectors (n, width): (n, items), float32."""
        return self.net.scores(self.params, np.ascontiguousarray(vectors), threads)

    def items(self) -> np.ndarray:
        """Vectors of the items, and their biases as the last column."""
        return self.net.items(self.params)
