"""What models of histories read: events with their searches, rows about customers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.events.blocks import EventBlocks
from entivec.events.cutoffs import read_cutoffs
from entivec.offers.words import Words
from entivec.table.blocks import MISSING, Blocks
from entivec.table.encoder import TableEncoder


@dataclass(frozen=True)
class EventRows:
    """Rows with their events.

    Attributes
    ----------
    index : pandas.Index of length n
        Entities, or pairs of entity and cut-off.
    begin, end : ndarray of shape (n,), int64
        The events begin ... end - 1 of the log; none for an entity that is not in it.
    """

    index: pd.Index
    begin: np.ndarray
    end: np.ndarray

    @property
    def entities(self) -> pd.Index:
        """Whose the rows are."""
        pairs = isinstance(self.index, pd.MultiIndex)
        return self.index.get_level_values(0) if pairs else self.index


@dataclass(frozen=True)
class Histories:
    """Events, and the rows of an output over them.

    Attributes
    ----------
    blocks : EventBlocks
    rows : EventRows
    token_offsets, tokens : ndarray or None
        The words of every event's search.
    """

    blocks: EventBlocks
    rows: EventRows
    token_offsets: np.ndarray | None
    tokens: np.ndarray | None

    @property
    def items(self) -> np.ndarray:
        """Codes of the items, int32 (events,)."""
        return np.ascontiguousarray(self.blocks.codes[:, 0])


def read_histories(
    blocks: EventBlocks, words: Words | None, events: Any, cutoff: Any, entities: Any
) -> Histories:
    """Bring events, searches, cut-offs and entities together."""
    offsets = tokens = None
    if words is not None:
        offsets, tokens = words.transform(events, blocks.rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those without events are counted here, in other words
        rows = _rows(blocks, cutoff, entities)
    without = int((rows.begin == rows.end).sum())
    if without:
        warnings.warn(
            f"{without:,} of {len(rows.index):,} customers have no history, such as"
            f" {rows.entities[rows.begin == rows.end][0]!r}; they are scored without one",
            UserWarning,
            stacklevel=4,
        )
    return Histories(blocks, rows, offsets, tokens)


def _rows(blocks: EventBlocks, cutoff: Any, entities: Any) -> EventRows:
    """Events strictly before each row's cut-off."""
    if cutoff is None and entities is None:
        return EventRows(blocks.entities, blocks.offsets[:-1], blocks.offsets[1:])
    cutoffs = read_cutoffs(cutoff, entities, blocks, None, None)
    return EventRows(cutoffs.index, *cutoffs.events(blocks))


def encode_customers(
    encoder: TableEncoder, customers: Any, wanted: pd.Index, fit: bool = False
) -> Blocks:
    """Return what is known of the customers `wanted`, in their order; missing where nothing is.

    Raises
    ------
    ValueError
        If `customers` is no frame indexed by customer, names one twice, or knows none of them.
    """
    if not isinstance(customers, pd.DataFrame):
        raise ValueError(
            f"customers is a {type(customers).__name__}; give a DataFrame indexed by customer"
        )
    if not customers.index.is_unique:
        twice = customers.index[customers.index.duplicated()][0]
        raise ValueError(f"customers has {twice!r} twice; give each customer one row")
    places = customers.index.get_indexer(wanted)
    known = np.flatnonzero(places >= 0)
    if len(known) == 0:
        raise ValueError(
            f"none of the {len(customers)} rows of customers is one of the events' customers; the"
            f" first is {customers.index[:1].tolist()!r}, theirs {wanted[:1].tolist()!r}: set their"
            " identifier as the index"
        )
    if len(known) < len(wanted):
        unknown = wanted[np.flatnonzero(places < 0)[0]]
        warnings.warn(
            f"{len(wanted) - len(known):,} of {len(wanted):,} customers have no row in customers,"
            f" such as {unknown!r}; theirs counts as missing",
            UserWarning,
            stacklevel=4,
        )
    rows = customers.iloc[places[known]]
    found = encoder.fit_transform(rows) if fit else encoder.transform(rows)
    return missing_rows(found, known, len(wanted))


def missing_rows(blocks: Blocks, at: np.ndarray, rows: int) -> Blocks:
    """Put rows at places `at` among others, of `rows` together, that are missing."""
    if len(at) == rows:
        return blocks
    dense = np.full((rows, blocks.dense.shape[1]), np.nan, dtype=np.float32)
    codes = np.full((rows, blocks.codes.shape[1]), MISSING, dtype=np.int32)
    dense[at], codes[at] = blocks.dense, blocks.codes
    place = sparse.csr_matrix(
        (np.ones(len(at), dtype=np.float32), (at, np.arange(len(at)))), (rows, len(at))
    )
    return Blocks(dense, codes, sparse.csr_matrix(place @ blocks.bags))
