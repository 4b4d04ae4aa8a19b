"""Fitted estimators over rows as documents and arrays."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.base.training import State
from entivec.rows.fitted import FittedRows
from entivec.rows.network import Network, Sizes
from entivec.table import TableEncoder
from entivec.table.guides import guide_from_state, guide_state

if TYPE_CHECKING:
    from typing_extensions import Self

SCORES = ("validation_score_", "pca_validation_score_")
REASONS = ("why_n_components_", "kept_")


class SavedRows(FittedRows):
    """What a file holds of an estimator over rows."""

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted estimator, its parameters left out, as JSON and named arrays."""
        network = self.network_
        table, arrays = self.table_.to_state()
        document = {
            "table": table,
            "network": {"sizes": asdict(network.sizes), "linear_heads": network.linear_heads},
            "history": self.history_.to_dict("list"),
            "n_iter": self.n_iter_,
            "scores": {name: getattr(self, name) for name in SCORES if hasattr(self, name)},
            "reasons": {name: getattr(self, name) for name in REASONS if hasattr(self, name)},
        }
        arrays = prefixed("table.", arrays) | {"params": network.params, "mean": network.mean}
        if network.guide is not None:
            document["guide"], guide_arrays = guide_state(network.guide)
            arrays |= prefixed("guide.", guide_arrays)
        if network.bounds is not None:
            arrays["bounds"] = network.bounds
        return document, arrays

    @classmethod
    def from_state(cls, document: dict[str, Any], arrays: Arrays) -> Self:
        """Rebuild the estimator that a file describes."""
        parameters = _of_any_format(document["parameters"])
        return super().from_state(document | {"parameters": parameters}, arrays)

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        self.table_ = TableEncoder.from_state(document["table"], under("table.", arrays))
        self.network_ = _network(self.table_, document, arrays)
        self.n_components_ = self.network_.width
        self.history_ = pd.DataFrame(document["history"])
        self.n_iter_ = document["n_iter"]
        for name, value in {**document["scores"], **document.get("reasons", {})}.items():
            setattr(self, name, value)
        self._resumable = (self.network_, State.start(self.network_.params))


def _network(table: TableEncoder, document: dict[str, Any], arrays: Arrays) -> Network:
    sizes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document["network"]["sizes"].items()
    }
    guide = document.get("guide")
    network = Network(
        table.layout_,
        Sizes(**sizes),
        arrays["params"],
        arrays["mean"],
        document["network"]["linear_heads"],
        None if guide is None else guide_from_state(guide, under("guide.", arrays)),
        arrays.get("bounds"),
    )
    layout, model = network.compiled
    check_array("params", network.params, np.float32, (model.num_params,))
    check_array("mean", network.mean, np.float64, (layout.encoded,))
    return network


def _of_any_format(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return packed parameters; formats 1 and 2 wrote codecs and mappings as plain objects."""
    packed = dict(parameters)
    table, weight = packed.get("table"), packed.get("guide_weight")
    if isinstance(table, dict) and "type" not in table:
        packed["table"] = {"type": "estimator", "value": ["TableEncoder", table]}
    if isinstance(weight, dict) and set(weight) != {"type", "value"}:
        packed["guide_weight"] = {"type": "mapping", "value": list(weight.items())}
    return packed
