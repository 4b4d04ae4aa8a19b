"""A column of categories: one column of codes, or none where there was one value only."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from entivec.base.values import pack, unpack

from .alike import Alike
from .blocks import FIRST_LEVEL, MISSING, OTHER
from .cells import (
    BOOL,
    MIXED,
    NUMBER,
    PLURAL,
    Cells,
    Name,
    column_error,
    distinct,
    family,
    is_missing,
    unhashable,
    value_family,
    values_of,
)
from .report import warn
from .restore import Form

_USUALLY_MISSING = 0.05  # share of missing cells from which "missing" is an answer
_FEWEST_ROWS = 20
_MOST_POOLED = 10_000  # pooled levels that are remembered
_FEW_CELLS = 256  # up to here, looking up each cell beats finding the distinct ones first
_COMPATIBLE = frozenset({BOOL, NUMBER})  # True == 1: CSV and JSON readers differ in which they give


class Lookup:
    """From a level to its code; also says when an unseen level is of a kind never seen."""

    def __init__(
        self, name: Name, levels: list[Any], families: tuple[str, ...], trims: bool = True
    ) -> None:
        self._name = name
        self._families = families
        self._code = {level: code for code, level in enumerate(levels, start=FIRST_LEVEL)}
        self._alike = Alike(self._code, trims)

    def encode(self, cells: Cells) -> np.ndarray:
        """Return the codes of the cells, int32 (n,)."""
        if len(cells) <= _FEW_CELLS:
            named = isinstance(cells.dtype, pd.CategoricalDtype)
            codes = [self._code_of(value, named) for value in values_of(cells)]
            return np.array(codes, dtype=np.int32)
        positions, levels = distinct_cells(self._name, cells)
        named = isinstance(cells.dtype, pd.CategoricalDtype)
        codes = [self._code_of(level, named) for level in values_of(levels)]
        return np.asarray(np.array([*codes, MISSING], dtype=np.int32)[positions])

    def _code_of(self, value: Any, named: bool) -> int:
        """Code of one value; `named` where it is a category, whose text may be a number's."""
        try:
            code = self._code.get(value)
        except TypeError:
            unhashable(self._name, np.array([value, None], dtype=object)[:1])
        if code is not None:
            return code
        if is_missing(value):
            return MISSING
        code = self._alike.code(value, named)
        if code is not None:
            return code
        if not self._alike.readable(value, named):
            self._check_unseen(value)
        return OTHER

    def _check_unseen(self, value: Any) -> None:
        found = value_family(value)
        if found not in self._families and not (
            found in _COMPATIBLE and _COMPATIBLE.intersection(self._families)
        ):
            seen = " and ".join(PLURAL.get(kind, kind) for kind in self._families)
            column_error(
                self._name,
                f"held {seen} in training and now holds {value!r}",
                "convert it to what it was or fit anew",
            )
        if found == NUMBER and value in (np.inf, -np.inf):
            _infinite(self._name, value)


@dataclass
class CategoricalColumn:
    """Frequent levels with codes 2, 3, ... by falling count; code 1 other; code 0 missing.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    levels : list
        The known levels in code order.
    pooled : object
        The most frequent level among those pooled in code 1; None if none was.
    families : tuple of str
        What the observed cells were in training ("text", "number", ...).
    share : ndarray of shape (len(levels) + 2,)
        Training share of each code among the observed cells; 0 for code 0.
    missing_share : float
        Share of missing cells in training.
    pooled_levels : int
        Levels pooled in code 1.
    rows : int
        Training rows; 0 in files of former versions, which did not keep them.
    answers_missing : bool
        Whether so many training cells were missing that this may be reconstructed.
    pooled_marks : ndarray of uint32
        A hash of each level pooled in code 1, by which an unseen one is told; empty where there
        were more than some thousands.
    """

    kind: ClassVar[str] = "categorical"
    block: ClassVar[str] = "codes"
    width: ClassVar[int] = 1
    suffixes: ClassVar[list[str]] = [""]

    name: Name
    form: Form
    levels: list[Any]
    pooled: Any
    families: tuple[str, ...]
    share: np.ndarray
    missing_share: float
    pooled_levels: int = 0
    rows: int = 0
    answers_missing: bool = False
    pooled_marks: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint32))

    @classmethod
    def fit(
        cls,
        name: Name,
        form: Form,
        positions: np.ndarray,
        distinct_levels: Cells,
        max_levels: int,
        min_share: float,
        fewest: int = 2,
        answers_missing: bool = True,
    ) -> tuple[CategoricalColumn, np.ndarray]:
        """Return the fitted column and its codes, int32 (n, 1), from what `distinct` gave."""
        n = len(positions)
        counts = np.bincount(positions + 1, minlength=len(distinct_levels) + 1)
        missing, counts = int(counts[0]), counts[1:]
        # A flag keeps both its levels: a rare one would drown among the cells shown as unknown.
        floor = max(float(fewest), min_share * (n - missing)) if len(counts) > 2 else 1.0
        kept = _kept(distinct_levels, counts, floor, max_levels)
        code_of = np.full(len(counts) + 1, OTHER, dtype=np.int32)
        code_of[-1] = MISSING  # position -1
        code_of[kept] = np.arange(FIRST_LEVEL, FIRST_LEVEL + len(kept), dtype=np.int32)

        pooled_counts = counts.copy()
        pooled_counts[kept] = 0
        pooled_mass = int(pooled_counts.sum())
        pooled = None
        if pooled_mass:
            ties = np.flatnonzero(pooled_counts == pooled_counts.max())
            pooled = _smallest(values_of(distinct_levels.take(ties)))
        share = np.concatenate([[0, pooled_mass], counts[kept]]) / max(n - missing, 1)
        column = cls(
            name=name,
            form=form,
            levels=values_of(distinct_levels.take(kept)),
            pooled=pooled,
            families=families_of(distinct_levels),
            share=share,
            missing_share=missing / n,
            pooled_levels=len(counts) - len(kept),
            pooled_marks=_marks_of(distinct_levels, np.flatnonzero(pooled_counts)),
            rows=n,
            answers_missing=(
                answers_missing and n >= _FEWEST_ROWS and missing >= _USUALLY_MISSING * n
            ),
        )
        return column, code_of[positions][:, np.newaxis]

    @property
    def first_target(self) -> int:
        """First code that may be reconstructed; *missing* where that is a usual answer."""
        if self.answers_missing:
            return MISSING
        return OTHER if self.share[OTHER] > 0 else FIRST_LEVEL

    @property
    def target_share(self) -> np.ndarray:
        """Training share of every code among the cells that are targets, shape (levels,)."""
        if not self.answers_missing:
            return self.share
        share: np.ndarray = self.share * (1.0 - self.missing_share)
        share[MISSING] = self.missing_share
        return share

    @property
    def surprise(self) -> float:
        """Nats that an unseen level is more unusual than its code: it was in no training row."""
        rarest = self.share[self.share > 0].min(initial=1.0)
        return math.log((self.rows or 1.0 / rarest) + 1.0)

    def unseen(self, cells: Cells, codes: np.ndarray) -> np.ndarray:
        """Tell which cells hold a level that no training row had, bool (n,).

        Where too many levels were pooled to be remembered, none is.
        """
        other: np.ndarray = codes == OTHER
        if self.share[OTHER] == 0:
            return other
        if not other.any() or not len(self.pooled_marks):
            return np.zeros(len(codes), dtype=bool)
        rows = np.flatnonzero(other)
        marks = _marks([value for value, own in zip(values_of(cells), other, strict=True) if own])
        found = np.zeros(len(codes), dtype=bool)
        found[rows] = ~np.isin(marks, self.pooled_marks)
        return found

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(self.name, self.levels, self.families, self.rows >= _FEWEST_ROWS)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lookup"}

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write the codes of the cells into int32 `out` (n, 1)."""
        out[:, 0] = self._lookup.encode(cells)

    def decode(self, codes: np.ndarray) -> Cells:
        """Return the cells that `codes` (n, 1) stand for."""
        frequent = self.levels[0] if self.levels else self.pooled
        missing = None if self.form.holds_missing else frequent
        other = self.pooled if self.share[OTHER] > 0 else missing
        return self.form.labels(codes[:, 0], [missing, other, *self.levels])

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "levels": [pack(level) for level in self.levels],
            "pooled": pack(self.pooled),
            "families": list(self.families),
            "missing_share": self.missing_share,
            "pooled_levels": self.pooled_levels,
            "rows": self.rows,
            "answers_missing": self.answers_missing,
        }
        arrays = {"share": self.share}
        if len(self.pooled_marks):
            arrays["pooled_marks"] = self.pooled_marks
        return document, arrays

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> CategoricalColumn:
        """Rebuild the column that `state` described."""
        return cls(
            name=name,
            form=Form.from_state(document["form"]),
            levels=[unpack(level) for level in document["levels"]],
            pooled=unpack(document["pooled"]),
            families=tuple(document["families"]),
            share=arrays["share"],
            missing_share=document["missing_share"],
            pooled_levels=document.get("pooled_levels", 0),
            rows=document.get("rows", 0),
            answers_missing=document.get("answers_missing", False),
            pooled_marks=arrays.get("pooled_marks", np.empty(0, np.uint32)),
        )


@dataclass
class ConstantColumn:
    """One value everywhere in training, or none at all: kept aside, restored on the way back.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    value : object
        The value; None for a column that was missing everywhere.
    families : tuple of str
        What the value is; empty for a column that was missing everywhere.
    """

    block: ClassVar[str] = "none"
    width: ClassVar[int] = 0
    suffixes: ClassVar[list[str]] = []

    name: Name
    form: Form
    value: Any
    families: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Return "constant" or "missing"."""
        return "constant" if self.families else "missing"

    @property
    def missing_share(self) -> float:
        """Share of missing cells in training."""
        return 0.0 if self.families else 1.0

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Check the cells; there is nothing to write, and a word where they say something else."""
        if not self.families:
            return
        codes = Lookup(self.name, [self.value], self.families).encode(cells)
        if (codes == OTHER).any():
            rows = np.flatnonzero(codes == OTHER)
            warn(
                f"column {self.name!r} was {self.value!r} in every training row and now is "
                f"{values_of(cells[rows[:1]])[0]!r} in {len(rows)} of {len(codes)}; no embedding "
                "or score sees that; fit anew on rows that differ"
            )

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return the value once per row of `encoded` (n, 0)."""
        return self.form.labels(np.zeros(len(encoded), dtype=np.intp), [self.value])

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "value": pack(self.value),
            "families": list(self.families),
        }
        return document, {}

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> ConstantColumn:
        """Rebuild the column that `state` described."""
        return cls(
            name,
            Form.from_state(document["form"]),
            unpack(document["value"]),
            tuple(document["families"]),
        )


def _marks_of(levels: Cells, pooled: np.ndarray) -> np.ndarray:
    if not 0 < len(pooled) <= _MOST_POOLED:
        return np.empty(0, np.uint32)
    return np.unique(_marks(values_of(levels.take(pooled))))


def _marks(values: Sequence[Any]) -> np.ndarray:
    """A hash of each value that is the same in every process, uint32."""
    texts = (value.strip() if isinstance(value, str) else repr(value) for value in values)
    return np.array(
        [zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in texts], np.uint32
    )


def distinct_cells(name: Name, cells: Cells) -> tuple[np.ndarray, Cells]:
    """Return what `cells.distinct` gives; a list or the like in a cell is the column's error."""
    try:
        return distinct(cells)
    except (TypeError, NotImplementedError):
        unhashable(name, cells)


def merged(positions: np.ndarray, values: list[Any]) -> tuple[np.ndarray, Cells]:
    """Return `distinct` anew where some of its values have become equal."""
    place: dict[Any, int] = {}
    merged = [place.setdefault(value, len(place)) for value in values]
    levels = np.empty(len(place), dtype=object)
    levels[:] = list(place)
    return np.append(merged, -1)[positions], levels


def families_of(levels: Cells) -> tuple[str, ...]:
    """Return what the levels are, as a sorted tuple of family names."""
    found = family(levels)
    if found != MIXED:
        return (found,)
    return tuple(sorted({value_family(level) for level in values_of(levels)}))


def check_levels(name: Name, levels: Cells) -> None:
    """Refuse infinite numbers among the levels."""
    if family(levels) in (NUMBER, MIXED):
        for level in values_of(levels):
            if isinstance(level, float) and level in (np.inf, -np.inf):
                _infinite(name, level)


def _infinite(name: Name, value: float) -> None:
    column_error(
        name,
        f"holds an infinite value ({value})",
        "replace it by a finite number or a missing value",
    )


def _kept(levels: Cells, counts: np.ndarray, floor: float, most: int) -> np.ndarray:
    """Positions of the levels kept: by falling count, then by value, so row order is no matter."""
    kept = np.flatnonzero(counts >= floor)
    if len(kept) > most:
        kept = kept[counts[kept] >= np.partition(counts[kept], -most)[-most]]
    values = values_of(levels.take(kept))
    try:
        order = sorted(range(len(kept)), key=lambda i: (-counts[kept[i]], values[i]))
    except TypeError:
        order = sorted(range(len(kept)), key=lambda i: (-counts[kept[i]], _sort_key(values[i])))
    return np.asarray(kept[order[:most]], dtype=np.intp)


def _smallest(values: list[Any]) -> Any:
    try:
        return min(values)
    except TypeError:
        return min(values, key=_sort_key)


def _sort_key(value: Any) -> tuple[str, str]:
    return type(value).__name__, repr(value)
