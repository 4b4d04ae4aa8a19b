"""Events of entities before their cut-offs, as the network reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.blocks import EventBlocks
from entivec.events.cutoffs import read_cutoffs
from entivec.sequences.network import Log
from entivec.sequences.numbers import NumberEncoder


@dataclass(frozen=True)
class Reading:
    """A log as the network reads it.

    Attributes
    ----------
    log : Log
    index : Index
        Of its rows: entities, or pairs of entity and cut-off.
    rows : ndarray of shape (events,), int32
        The place of each event in the table that was given.
    blocks : EventBlocks
        Of the whole log.
    """

    log: Log
    index: pd.Index
    rows: np.ndarray
    blocks: EventBlocks


def read_sequences(
    blocks: EventBlocks, numbers: NumberEncoder, cutoff: Any, entities: Any
) -> Reading:
    """Bring events, cut-offs and entities together."""
    encoded = numbers.transform(blocks)
    if cutoff is None and entities is None:
        log = Log(blocks.offsets, blocks.codes, encoded)
        return Reading(log, blocks.entities, blocks.rows, blocks)
    cutoffs = read_cutoffs(cutoff, entities, blocks, None, None)
    begin, end = cutoffs.events(blocks)
    lengths = end - begin
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.repeat(begin - offsets[:-1], lengths) + np.arange(offsets[-1])
    log = Log(
        offsets,
        np.ascontiguousarray(blocks.codes[places]),
        np.ascontiguousarray(encoded[places]),
    )
    return Reading(log, cutoffs.index, blocks.rows[places], blocks)
