"""A model of histories with its parameters: the way into the compiled core."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from entivec import _core
from entivec.offers.reading import Histories
from entivec.table.blocks import Blocks, Layout
from entivec.table.compiled import core_layout, core_table


@dataclass
class HistoryNetwork:
    """A network and its parameters.

    Attributes
    ----------
    sizes : dict
        As `_core.HistorySizes` takes them.
    params : ndarray of shape (num_params,), float32
    customers : Layout or None
        Of the table of customers that it reads.
    """

    sizes: dict[str, Any]
    params: np.ndarray
    customers: Layout | None = None
    _compiled: tuple[_core.HistorySizes, _core.Layout | None, _core.HistoryNet] | None = field(
        default=None, repr=False, compare=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled objects behind: they are rebuilt where the pickle is opened."""
        return {**self.__dict__, "_compiled": None}

    @property
    def compiled(self) -> tuple[_core.HistorySizes, _core.Layout | None, _core.HistoryNet]:
        """The compiled sizes, layout and network, built at first use."""
        if self._compiled is None:
            sizes = _core.HistorySizes(**self.sizes)
            layout = None if self.customers is None else core_layout(self.customers)
            self._compiled = (sizes, layout, _core.HistoryNet(sizes, layout))
        return self._compiled

    @property
    def net(self) -> _core.HistoryNet:
        """The compiled network."""
        return self.compiled[2]

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

    def table(self, blocks: Blocks | None) -> _core.Table | None:
        """Return rows about customers for this network, without a copy."""
        layout = self.compiled[1]
        return None if layout is None or blocks is None else core_table(layout, blocks)

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
