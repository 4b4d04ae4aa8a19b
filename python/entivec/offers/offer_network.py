"""A model of offers with its parameters: the way into the compiled core."""

from __future__ import annotations

import numpy as np

from entivec import _core
from entivec.offers.network import CompiledNetwork
from entivec.offers.transactions import Transactions


class OfferNetwork(CompiledNetwork[_core.OfferSizes, _core.OfferNet]):
    """The network of offers; its sizes are those of `_core.OfferSizes`."""

    core_sizes = _core.OfferSizes
    core_net = _core.OfferNet

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
