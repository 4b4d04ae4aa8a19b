"""Transactions as a model of offers reads them, and offers as sets of transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays, prefixed, under
from entivec.base.values import pack, pack_index, unpack, unpack_index
from entivec.events.encoder import EventEncoder
from entivec.offers.words import Words
from entivec.table.blocks import FIRST_LEVEL
from entivec.table.cells import Name

Offer: TypeAlias = "Mapping[Any, Any] | str | pd.Series | np.ndarray | list[bool]"
JOINED = " | "


@dataclass
class Attribute:
    """One attribute of the transactions.

    Attributes
    ----------
    name : column name
    values : Index
        By code, from 2 on.
    codes : ndarray of int32
        One a transaction; or, with `offsets`, those of all of them behind each other.
    offsets : ndarray of shape (transactions + 1,), int64, or None
    """

    name: Name
    values: pd.Index
    codes: np.ndarray
    offsets: np.ndarray | None = None

    @property
    def levels(self) -> int:
        """Codes, missing and other included."""
        return len(self.values) + FIRST_LEVEL

    def core(self) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """As the compiled core takes it."""
        return self.codes if self.offsets is None else (self.offsets, self.codes)

    def having(self, wanted: Any) -> np.ndarray:
        """Tell which transactions have one of some values, bool (transactions,).

        Raises
        ------
        ValueError
            If a value is none of the attribute's.
        """
        several = isinstance(wanted, (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index))
        asked = pd.Index(list(wanted) if several else [wanted], tupleize_cols=False)
        found = self.values.get_indexer(asked)
        if (found < 0).any():
            raise ValueError(
                f"{self.name!r} has no value {asked[found < 0][0]!r}; it has"
                f" {self.values[:5].tolist()!r} and others"
            )
        inside = np.isin(self.codes, found + FIRST_LEVEL)
        if self.offsets is None:
            return np.asarray(inside)
        counts = np.concatenate([[0], np.cumsum(inside)])
        return np.asarray(counts[self.offsets[1:]] > counts[self.offsets[:-1]])

    def cells(self) -> pd.Series:
        """What every transaction had; several values as one text."""
        names = pd.Series([None, "other", *self.values.tolist()], dtype=object)
        if self.offsets is None:
            return names.iloc[self.codes].reset_index(drop=True).infer_objects()
        sets, which = self._sets()
        text = [JOINED.join(str(names.iloc[code]) for code in one) for one in sets]
        return pd.Series(text, dtype=object).iloc[which].reset_index(drop=True)

    def _sets(self) -> tuple[list[tuple[int, ...]], np.ndarray]:
        assert self.offsets is not None
        bounds = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        which, sets = pd.factorize(
            pd.Series([tuple(self.codes[a:b].tolist()) for a, b in bounds], dtype=object)
        )
        return list(sets), which


@dataclass
class Transactions:
    """Encoded transactions, by customer and time.

    Attributes
    ----------
    customers : Index
    offsets : ndarray of shape (customers + 1,), int64
    rows : ndarray of int32
        The place of each in the log that was given.
    times : ndarray of int64, or None
    attributes : list of Attribute
    """

    customers: pd.Index
    offsets: np.ndarray
    rows: np.ndarray
    times: np.ndarray | None
    attributes: list[Attribute]
    given: int
    _frame: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(
        cls, encoder: EventEncoder, events: Any, names: list[Name], several: Mapping[Any, str]
    ) -> tuple[Transactions, str | None]:
        """Learn the values of all attributes; return the transactions and the unit of times."""
        blocks = encoder.fit_transform(events)
        single = iter(range(len(names)))
        attributes = []
        for name in names:
            if name in several:
                words = Words.fit(name, events, blocks.rows, encoder.min_count, several[name])
                offsets, codes = words.transform(events, blocks.rows)
                values = pd.Index(list(words.known), dtype=object)
                attributes.append(Attribute(name, values, codes + np.int32(FIRST_LEVEL), offsets))
                continue
            at = next(single)
            known = encoder.vocabulary(at)["name"].iloc[FIRST_LEVEL:].tolist()
            values = pd.Index(known, tupleize_cols=False)
            attributes.append(Attribute(name, values, np.ascontiguousarray(blocks.codes[:, at])))
        read = cls(
            blocks.entities, blocks.offsets, blocks.rows, blocks.times, attributes, len(events)
        )
        return read, blocks.unit

    def __len__(self) -> int:
        return len(self.rows)

    def by_date(self) -> np.ndarray:
        """Transactions in the order of their times, then of the log."""
        if self.times is None:
            return np.argsort(self.rows, kind="stable")
        return np.lexsort((self.rows, self.times))

    def matching(self, offer: Offer) -> np.ndarray:
        """Return the transactions that an offer is made of.

        Raises
        ------
        ValueError
            If it names no attribute or value of them, matches none, or cannot be understood.
        """
        found = np.flatnonzero(self._mask(offer))
        if len(found) == 0:
            raise ValueError(
                f"the offer {shown(offer)} matches none of {len(self):,} transactions; ask for"
                " fewer attributes at a time, or for more of their values"
            )
        return found

    def between(self, one: Offer, other: Offer, shares: Sequence[float]) -> dict[str, np.ndarray]:
        """Return masks of offers that turn from the one into the other, named by the shares.

        Of a share of the transactions of the other and the rest of the one each is made, as many as
        the smaller one has.
        """
        rng = np.random.default_rng(0)
        rows = [rng.permutation(self.matching(offer)) for offer in (one, other)]
        size = min(len(own) for own in rows)
        offers = {}
        for share in shares:
            mask = np.zeros(self.given, dtype=bool)
            second = round(share * size)
            for own, count in zip(rows, (size - second, second), strict=True):
                mask[self.rows[own[:count]]] = True
            offers[f"{share:.3f}"] = mask
        return offers

    def _mask(self, offer: Offer) -> np.ndarray:
        if isinstance(offer, Mapping):
            return self._having(offer)
        if isinstance(offer, str):
            return self._queried(offer)
        mask = np.asarray(offer)
        if mask.dtype != bool or mask.shape != (self.given,):
            raise ValueError(
                f"an offer is {mask.dtype} of shape {mask.shape}; give a dict of attribute to"
                " values, a DataFrame.query text, or a truth value for each of the"
                f" {self.given:,} transactions that were fitted"
            )
        return np.asarray(mask[self.rows])

    def _having(self, offer: Mapping[Any, Any]) -> np.ndarray:
        by_name = {attribute.name: attribute for attribute in self.attributes}
        if not offer:
            raise ValueError("the offer is an empty dict; name at least one attribute")
        mask = np.ones(len(self), dtype=bool)
        for name, wanted in offer.items():
            if name not in by_name:
                raise ValueError(
                    f"the offer names {name!r}, which is no attribute; they are {list(by_name)!r}"
                )
            mask &= by_name[name].having(wanted)
        return mask

    def _queried(self, text: str) -> np.ndarray:
        if self._frame is None:
            self._frame = pd.DataFrame({one.name: one.cells() for one in self.attributes})
        try:
            found = self._frame.query(text)
        except Exception as error:  # whatever pandas raises of what a user wrote
            raise ValueError(
                f"the offer {text!r} is no query of {list(self._frame.columns)!r}: {error}"
            ) from error
        return np.isin(np.arange(len(self)), found.index)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the transactions as JSON and arrays."""
        arrays = {"offsets": self.offsets, "rows": self.rows}
        if self.times is not None:
            arrays["times"] = self.times
        documents = []
        for at, one in enumerate(self.attributes):
            documents.append({"name": pack(one.name), "values": pack_index(one.values)})
            own = {"codes": one.codes} | ({} if one.offsets is None else {"offsets": one.offsets})
            arrays |= prefixed(f"{at}.", own)
        customers = pack_index(self.customers)
        return {"attributes": documents, "customers": customers, "given": self.given}, arrays

    @classmethod
    def from_state(cls, document: dict[str, Any], arrays: Arrays) -> Transactions:
        """Rebuild what `to_state` described."""
        attributes = []
        for at, one in enumerate(document["attributes"]):
            own = under(f"{at}.", arrays)
            values = unpack_index(one["values"])
            attributes.append(
                Attribute(unpack(one["name"]), values, own["codes"], own.get("offsets"))
            )
        return cls(
            unpack_index(document["customers"]),
            arrays["offsets"],
            arrays["rows"],
            arrays.get("times"),
            attributes,
            document["given"],
        )


def shown(offer: Any) -> str:
    """An offer as messages and columns name it."""
    if isinstance(offer, Mapping):
        return repr(dict(offer))
    return repr(offer) if isinstance(offer, str) else "(a mask)"
