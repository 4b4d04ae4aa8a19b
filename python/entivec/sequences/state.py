"""Fitted sequence encoders as documents and arrays, and what they read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.base import Saved
from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.events import EventEncoder
from entivec.sequences.network import SequenceNetwork
from entivec.sequences.numbers import NumberEncoder
from entivec.sequences.reading import Reading, read_sequences
from entivec.table.guides import guide_from_state, guide_state

EVENT_PARAMETERS = ("entity", "time", "categories", "values", "missing", "min_count", "max_items")


class SavedSequences(Saved):
    """What a file holds of a fitted encoder."""

    encoder_: EventEncoder
    numbers_: NumberEncoder
    network_: SequenceNetwork
    history_: pd.DataFrame
    n_components_: int
    n_iter_: int

    def _read_log(self, events: Any, cutoff: Any, entities: Any) -> Reading:
        return read_sequences(self.encoder_.transform(events), self.numbers_, cutoff, entities)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted encoder, its parameters left out, as JSON and named arrays."""
        network = self.network_
        encoder, arrays = self.encoder_.to_state()
        document = {
            "encoder": encoder,
            "numbers": self.numbers_.to_state(),
            "network": {"levels": list(network.levels), "sizes": network.sizes},
            "history": self.history_.to_dict("list"),
            "n_iter": self.n_iter_,
        }
        arrays = prefixed("encoder.", arrays) | {"params": network.params}
        if network.guide is not None:
            document["guide"], own = guide_state(network.guide)
            arrays |= prefixed("guide.", own)
        return document, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        given = {name: getattr(self, name) for name in EVENT_PARAMETERS}
        encoder = EventEncoder(**given, n_jobs=getattr(self, "n_jobs"))  # noqa: B009
        encoder._restore(document["encoder"], under("encoder.", arrays))
        numbers = NumberEncoder.from_state(document["numbers"])
        guide = document.get("guide")
        self.encoder_, self.numbers_ = encoder, numbers
        self.network_ = SequenceNetwork(
            tuple(document["network"]["levels"]),
            numbers.width,
            len(numbers.scales),
            document["network"]["sizes"],
            arrays["params"],
            None if guide is None else guide_from_state(guide, under("guide.", arrays)),
        )
        check_array("params", arrays["params"], np.float32, (self.network_.net.num_params,))
        self.history_ = pd.DataFrame(document["history"])
        self.n_components_ = self.network_.width
        self.n_iter_ = document["n_iter"]
