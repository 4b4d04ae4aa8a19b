"""A column of text that is read as numbers or dates and written back as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .categorical import CategoricalColumn
from .cells import DATE, EMPTY, MIXED, NUMBER, TEXT, Cells, Name, column_error, family
from .continuous import ContinuousColumn
from .parsing import (
    DATES,
    NUMERIC,
    Levels,
    Reading,
    read_values,
    reading_from_state,
    reading_state,
    spread,
    tell_unreadable,
)
from .restore import Form
from .spelling import Spelling
from .temporal import DatetimeColumn

_INNER: dict[str, type[Any]] = {
    NUMBER: ContinuousColumn,
    TEXT: CategoricalColumn,
    DATE: DatetimeColumn,
}


@dataclass
class ReadColumn:
    """What text is read as, and the fitted column of what was read.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    reading : NumberText, DateText, ClockText, MeasureText, Epoch or Spelling
        How cells are written.
    inner : ContinuousColumn, DatetimeColumn or CategoricalColumn
        The fitted column of the numbers, dates or flags.
    unreadable_share : float
        Share of the observed training cells that could not be read; they count as missing.
    """

    stored: ClassVar[str] = "read"

    name: Name
    form: Form
    reading: Reading
    inner: ContinuousColumn | DatetimeColumn | CategoricalColumn
    unreadable_share: float

    @property
    def kind(self) -> str:
        """Kind of the column that was read."""
        return self.inner.kind

    @property
    def block(self) -> str:
        """Block of the encoded columns."""
        return self.inner.block

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return self.inner.width

    @property
    def suffixes(self) -> list[str]:
        """What the encoded columns are called after the name of the column."""
        return self.inner.suffixes

    @property
    def missing_share(self) -> float:
        """Share of missing training cells, unreadable ones among them."""
        return self.inner.missing_share

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write the cells into float32 `out` (n, width)."""
        found = family(cells)
        if found == EMPTY and isinstance(self.inner, CategoricalColumn):
            self.inner.encode(cells, out)
            return
        if found in (self.reading.gives, EMPTY) and not isinstance(self.reading, Spelling):
            self.inner.encode(cells, out)
            return
        levels = Levels.of(self.name, cells)
        if isinstance(self.reading, Spelling):
            levels = levels.replaced(self.reading.read)
            known: Any = np.append(levels.cells, np.array([None]))
            self.inner.encode(known[levels.positions], out)
            return
        self._check_kind(levels.seen)
        read = read_values(self.reading, levels.seen)
        # What training had as well is in the schema.
        usual = 2 * self.unreadable_share + 0.01 if self.unreadable_share else 0.0
        role = DATES if self.reading.gives == DATE else NUMERIC
        tell_unreadable(self.name, role, levels, read, usual)
        self.inner.encode(spread(self.reading, read, levels), out)

    def count_unreadable(self, cells: Cells) -> int:
        """Return how many observed cells cannot be read."""
        if isinstance(self.reading, Spelling) or family(cells) in (NUMBER, DATE, EMPTY):
            return 0
        levels = Levels.of(self.name, cells)
        read = read_values(self.reading, levels.seen)
        unread = np.isnan(read) if read.dtype.kind == "f" else np.isnat(read)
        return int(levels.counts[unread].sum())

    def _check_kind(self, values: list[Any]) -> None:
        for value in values:
            if not isinstance(value, str) and family(np.array([value], dtype=object)) not in (
                *(NUMBER, TEXT),
                *([DATE] if self.reading.gives == DATE else []),
                *([MIXED] if getattr(self.reading, "objects", False) else []),
            ):
                column_error(
                    self.name,
                    f"held {self.inner_what} as text in training and now holds {value!r}",
                    "convert it to what it was or fit anew",
                )

    @property
    def inner_what(self) -> str:
        """What the text says: "numbers", "dates", ..."""
        return self.reading.words

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return the cells that `encoded` (n, width) stands for, written as in training."""
        if isinstance(self.reading, Spelling):
            return self.inner.decode(encoded)
        values = np.asarray(self.inner.decode(encoded))
        gap = np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
        written = iter(self.reading.write(values[~gap]))
        cells = [None if missing else next(written) for missing in gap.tolist()]
        if self.form.dtype.kind in "iuf":
            return self.form.numbers(np.array([float(c or "nan") for c in cells]), 0.0)
        return self.form.labels(np.arange(len(cells)), cells)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        inner, arrays = self.inner.state()
        document = {
            "form": self.form.state(),
            "reading": reading_state(self.reading),
            "inner": inner,
            "unreadable_share": self.unreadable_share,
        }
        return document, arrays

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> ReadColumn:
        """Rebuild the column that `state` described."""
        reading = reading_from_state(document["reading"])
        inner = _INNER[reading.gives]
        return cls(
            name,
            Form.from_state(document["form"]),
            reading,
            inner.from_state(name, document["inner"], arrays),
            document["unreadable_share"],
        )
