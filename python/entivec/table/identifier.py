"""Columns that name the row and tell nothing of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import numpy as np
import pandas as pd

from .cells import Cells, Name, values_of
from .report import FEWEST_CELLS, Report, listed
from .restore import Form

if TYPE_CHECKING:
    from .parsing import Levels

_EXACT = 2**53  # whole numbers beyond are not told apart as float64
_NAME = re.compile(
    r"(?i:(.*[_\-. ])?(id|ids|uuid|guid|key|row|rownumber|index)|unnamed: \d+|.*_nr)|.*[a-z]I[Dd]|"
)
_CODE = re.compile(r"(?=.*\d)[\w\-./:#]{1,64}")  # one word with a digit in it
_LOOKED_AT = 200


@dataclass
class IdentifierColumn:
    """A column left out of the model; it comes back as missing.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    missing_share : float
        Share of missing cells in training.
    """

    kind: ClassVar[str] = "identifier"
    block: ClassVar[str] = "none"
    width: ClassVar[int] = 0
    suffixes: ClassVar[list[str]] = []

    name: Name
    form: Form
    missing_share: float

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write nothing: new rows have names of their own."""

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return missing cells, one for each row of `encoded` (n, 0)."""
        if not self.form.holds_missing:
            kind: Any = "Int64" if self.form.dtype.kind in "iu" else object
            return pd.array([pd.NA if kind == "Int64" else None] * len(encoded), dtype=kind)
        return self.form.labels(np.zeros(len(encoded), dtype=np.intp), [None])

    def tell(self, cells: Cells, report: Report) -> None:
        """Warn that the column is left out."""
        report.note(
            self.name,
            f"names the rows ({listed(values_of(cells[:3]))}) and is left out",
            "make it the index, drop it, or name it in categorical= or continuous= to keep it",
            warn=True,
        )

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        return {"form": self.form.state(), "missing_share": self.missing_share}, {}

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> IdentifierColumn:
        """Rebuild the column that `state` described."""
        return cls(name, Form.from_state(document["form"]), document["missing_share"])


def is_identifier(name: Name, cells: Cells, levels: Levels | None) -> bool:
    """Tell whether a column's cells are the names of its rows: no two alike, and no measurement.

    Text must be words with digits in them. Whole numbers must be beyond 2^53 or follow one another
    in a column that is called so; numbers that merely never repeat are measurements.
    """
    if len(cells) < FEWEST_CELLS:
        return False
    if levels is not None:
        return _are_names(levels)
    named = called_identifier(name)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        if cells.dtype.kind == "f":
            return False
        if not named and cells.min() >= -_EXACT and cells.max() <= _EXACT:
            return False
    elif getattr(cells.dtype, "kind", "O") not in "iu" and not _are_integers(cells):
        return False
    values: Any = pd.Series(cells).dropna()
    beyond = bool((abs(values.max()) > _EXACT) or (abs(values.min()) > _EXACT))
    if not beyond and not named:
        return False
    return bool(values.is_unique)


def called_identifier(name: Name) -> bool:
    """Tell whether a column is called as those are that name something."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _are_integers(cells: Cells) -> bool:
    some = [value for value in values_of(cells[:_LOOKED_AT]) if not pd.isna(value)]
    return all(isinstance(value, int) for value in some) and (
        all(isinstance(value, int) or pd.isna(value) for value in values_of(cells))
    )


def _are_names(levels: Levels) -> bool:
    observed = int((levels.positions >= 0).sum())
    if observed < FEWEST_CELLS or len(levels.cells) < observed:
        return False
    some = levels.seen[:: max(1, len(levels.seen) // _LOOKED_AT)]
    return all(isinstance(value, (str, UUID)) and _CODE.fullmatch(str(value)) for value in some)
