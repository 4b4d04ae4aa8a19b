"""A model of offers with its parameters: the way into the compiled core."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from entivec import _core
from entivec.offers.transactions import Transactions
from entivec.table.blocks import Blocks, Layout
from entivec.table.compiled import core_layout, core_table


@dataclass
class OfferNetwork:
    """A network and its parameters.

    Attributes
    ----------
    sizes : dict
        As `_core.OfferSizes` takes them.
    params : ndarray of shape (num_params,), float32
    customers : Layout or None
        Of the table of customers that it reads.
    """

    sizes: dict[str, Any]
    params: np.ndarray
    customers: Layout | None = None
    _compiled: tuple[_core.OfferSizes, _core.Layout | None, _core.OfferNet] | None = field(
        default=None, repr=False, compare=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled objects behind: they are rebuilt where the pickle is opened."""
        return {**self.__dict__, "_compiled": None}

    @property
    def compiled(self) -> tuple[_core.OfferSizes, _core.Layout | None, _core.OfferNet]:
        """The compiled sizes, layout and network, built at first use."""
        if self._compiled is None:
            sizes = _core.OfferSizes(**self.sizes)
            layout = None if self.customers is None else core_layout(self.customers)
            self._compiled = (sizes, layout, _core.OfferNet(sizes, layout))
        return self._compiled

    @property
    def net(self) -> _core.OfferNet:
        """The compiled network."""
        return self.compiled[2]

    def log(self, transactions: Transactions, weights: np.ndarray | None = None) -> _core.OfferLog:
        """Return transactions for this network, without a copy."""
        return _core.OfferLog(
            self.compiled[0],
            transactions.offsets,
            transactions.times,
            [attribute.core() for attribute in transactions.attributes],
            transactions.by_date().astype(np.int64),
            weights,
        )

    def table(self, blocks: Blocks | None) -> _core.Table | None:
        """Return rows about customers for this network, without a copy."""
        layout = self.compiled[1]
        return None if layout is None or blocks is None else core_table(layout, blocks)
