"""Which kind a training column is, and the fitted column of that kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .blocks import OTHER
from .categorical import (
    CategoricalColumn,
    ConstantColumn,
    check_levels,
    families_of,
)
from .cells import (
    BOOL,
    DATE,
    EMPTY,
    MIXED,
    NUMBER,
    SPAN,
    TEXT,
    Cells,
    Name,
    column_error,
    family,
    first_foreign,
    inferred,
    values_of,
)
from .continuous import ContinuousColumn, finite_floats
from .epoch import infer_epoch
from .identifier import IdentifierColumn, is_identifier
from .labels import LabelsColumn, LabelsText, holds_lists, infer_labels
from .looks import note_dates, note_numbers
from .marks import is_mark
from .parsing import (
    DATES,
    NUMERIC,
    Levels,
    Reading,
    infer_reading,
    named_reading,
    note_reading,
    read_values,
    spread,
)
from .read_column import ReadColumn
from .report import FEWEST_CELLS, LOST, Report, listed
from .restore import Dtype, Form
from .spelling import Spelling, infer_spelling, note_case
from .temporal import DatetimeColumn, moments
from .text import PIECES, WORDS
from .text_column import TextColumn

Column: TypeAlias = (
    "ContinuousColumn | CategoricalColumn | DatetimeColumn | ConstantColumn | ReadColumn"
    " | IdentifierColumn | TextColumn | LabelsColumn"
)
Fitted: TypeAlias = "list[tuple[Column, np.ndarray]]"
COLUMN_TYPES: dict[str, type[Column]] = {
    "continuous": ContinuousColumn,
    "categorical": CategoricalColumn,
    "datetime": DatetimeColumn,
    "constant": ConstantColumn,
    "missing": ConstantColumn,
    "read": ReadColumn,
    "identifier": IdentifierColumn,
    "text": TextColumn,
    "labels": LabelsColumn,
}
_SAYS = {PIECES: "characters and words", WORDS: "words"}
_ENOUGH_TO_TELL = 1000  # cells looked at before all are searched for a third distinct number


@dataclass(frozen=True)
class Settings:
    """The encoder's parameters that a single column's fit depends on, and what the fit finds."""

    scale: str
    max_levels: int
    min_share: float
    parse: str = "infer"
    text_components: int = 16
    leave_out: bool = True
    fewest: int = 2
    report: Report = field(default_factory=Report)
    date_parts: tuple[str, ...] = ()
    text: str | None = None
    weight: float = 1.0  # of a column of numbers


@dataclass(frozen=True)
class Role:
    """What the user says a column is.

    Attributes
    ----------
    name : str
        "categorical", "continuous", "numeric" or "dates".
    detail : str, float or None
        Decimal mark of a numeric column, order of a date ("dmy", "mdy", "ymd"), weight of a
        continuous one.
    """

    name: str
    detail: Any = None


def fit_column(
    name: Name, cells: Cells, dtype: Dtype, role: Role | None, settings: Settings
) -> Fitted:
    """Return the fitted column and its encoded training cells (n, width).

    Text with many levels gives two: the codes of its frequent levels, and numbers.

    Parameters
    ----------
    name : column name
    cells : array of shape (n,)
    dtype : dtype of the source column, which may be Sparse where its cells are not
    role : Role or None
        What the user says the column is; None to infer it.
    settings : Settings

    Raises
    ------
    ValueError
        If the cells cannot be what `role` says, or hold an infinite value or a container.
    """
    found = family(cells)
    said = role.name if role else None
    if getattr(cells.dtype, "kind", None) == "c":
        column_error(
            name,
            f"holds complex numbers ({values_of(cells[:1])[0]})",
            "give their real and imaginary parts as two columns",
        )
    form = Form.of(cells, dtype)
    if found == EMPTY:
        return [_constant(name, form, None, (), cells)]
    if role is not None and role.name in (NUMERIC, DATES):
        return [_fit_named(name, form, cells, found, role, settings)]
    if said == "continuous" and found not in (NUMBER, BOOL, SPAN, DATE):
        value = first_foreign(cells, NUMBER)
        if value is not None:
            column_error(
                name,
                f"is named in continuous= and holds {value!r}",
                "leave it out there or convert it to numbers",
            )
        return [_constant(name, form, None, (), cells)]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        if said == "continuous":
            column_error(
                name,
                "is named in continuous= and is of category dtype",
                "leave it out there or convert it to numbers or dates with astype",
            )
        said = "categorical"
    if said is None and found in (TEXT, MIXED):
        return _fit_text(name, form, cells, settings)
    if role is not None and said == "continuous" and role.detail is not None:
        settings = replace(settings, weight=float(role.detail))
    return [_fit_as(name, form, cells, found, said, settings)]


def _fit_as(
    name: Name, form: Form, cells: Cells, found: str, said: str | None, settings: Settings
) -> tuple[Column, np.ndarray]:
    if said == "categorical" or (said is None and found not in (NUMBER, SPAN, DATE)):
        return _fit_levels(name, form, Levels.of(name, cells), settings)
    if found == DATE and _are_few_periods(name, cells):
        return _fit_levels(name, form, Levels.of(name, cells), settings)
    if found == DATE:
        return _fit_dates(name, form, cells, settings)
    return _fit_numbers(name, form, cells, found, said, settings)


def _fit_text(name: Name, form: Form, cells: Cells, settings: Settings) -> Fitted:
    infer = settings.parse == "infer"
    if infer and holds_lists(cells):
        return [_fit_labels(name, form, cells, None, settings)]
    levels = Levels.of(name, cells)
    if infer and len(cells) >= FEWEST_CELLS:
        levels = levels.trimmed()
    if infer:
        reading = infer_reading(levels)
        if reading is not None:
            return [_fit_read(name, form, levels, reading, settings)]
        spelling = infer_spelling(levels)
        if spelling is not None:
            return [_fit_spelt(name, form, levels, spelling, settings)]
        if settings.leave_out and is_identifier(name, cells, levels):
            return [_leave_out(name, form, cells, settings)]
        labels = infer_labels(levels)
        if labels is not None:
            return [_fit_labels(name, form, cells, labels, settings)]
    coded, codes = _code_levels(name, form, levels, settings)
    if not isinstance(coded, CategoricalColumn) or not _has_many_levels(coded, levels, settings):
        _note_levels(coded, levels, settings)
        return [(coded, codes)]
    width = settings.text_components
    column, numbers = TextColumn.fit(name, form, levels, coded, width, settings.text)
    settings.report.note(
        name,
        f"has {len(levels.cells):,} distinct texts, {len(coded.levels)} of them with a code; "
        f"{column.width} numbers hold {column.features.explained:.0%} of what their "
        f"{_SAYS.get(column.features.reader, 'vectors')} tell",
    )
    note_case(name, levels.seen, settings.report)
    return [(coded, codes), (column, numbers)]


def _fit_labels(
    name: Name, form: Form, cells: Cells, text: LabelsText | None, settings: Settings
) -> tuple[Column, np.ndarray]:
    column = LabelsColumn.fit(name, form, cells, text, settings.max_levels, settings.report)
    settings.report.lost(
        name,
        column.lost,
        len(cells),
        "has labels without a place in the bag",
        f"raise max_levels ({settings.max_levels}) to keep more",
    )
    return column, np.empty((len(cells), 0), np.float32)


def _has_many_levels(column: CategoricalColumn, levels: Levels, settings: Settings) -> bool:
    """Tell whether text has levels without codes, enough of them to learn what they look like."""
    if settings.parse == "never" or settings.text_components == 0:
        return False
    if column.families != (TEXT,) or column.pooled_levels < 3:
        return False
    if int((levels.positions >= 0).sum()) < FEWEST_CELLS:
        return False
    return len(levels.cells) > settings.max_levels or float(column.share[OTHER]) > LOST


def _fit_spelt(
    name: Name, form: Form, levels: Levels, spelling: Spelling, settings: Settings
) -> tuple[Column, np.ndarray]:
    """Fit a flag whose two levels are spelt in several ways."""
    inner: Any
    read = levels.replaced(spelling.read)
    inner, encoded = _fit_levels(name, form, read, settings)
    report, cells = settings.report, int(levels.counts.sum())
    report.note(name, f"is read as {spelling.yes!r} and {spelling.no!r}, whatever the spelling")
    share = 1.0 - float(read.counts.sum()) / cells
    if share > 0:
        marks = [value for value in levels.seen if is_mark(str(value))]
        what = f"is missing where it holds {listed(marks)}"
        report.lost(name, share, cells, what, "give parse='never' to keep these as levels")
    return ReadColumn(name, form, spelling, inner, share), encoded


def _fit_named(
    name: Name, form: Form, cells: Cells, found: str, role: Role, settings: Settings
) -> tuple[Column, np.ndarray]:
    """Fit a column that is named in ``numeric=`` or ``dates=``."""
    if role.name == NUMERIC and found in (NUMBER, BOOL):
        return _fit_numbers(name, form, cells, found, role.name, settings)
    if role.name == DATES and found == DATE:
        return _fit_dates(name, form, cells, settings)
    levels = Levels.of(name, cells)
    if not levels.seen:
        return _constant(name, form, None, (), cells)
    reading = (
        infer_epoch(levels.seen)
        if role.name == DATES and found == NUMBER
        else named_reading(levels, role.name, role.detail)
    )
    if reading is None:
        column_error(
            name,
            f"is named in {role.name}= and holds {levels.seen[0]!r}",
            "leave it out there or write its cells in another way",
        )
    return _fit_read(name, form, levels, reading, settings)


def _fit_read(
    name: Name, form: Form, levels: Levels, reading: Reading, settings: Settings
) -> tuple[Column, np.ndarray]:
    """Fit the numbers or dates that texts are read as."""
    read = read_values(reading, levels.seen)
    is_number = reading.gives == NUMBER
    missing = np.full(1, np.nan if is_number else "NaT", dtype=read.dtype)
    values = np.append(read, missing)[levels.positions]
    plain = Form.of(values)
    unread = np.isnan(read) if is_number else np.isnat(read)
    inner: Column
    if is_number:
        _check_finite(name, read)
        inner, encoded = ContinuousColumn.fit(
            name, plain, NUMBER, values, settings.scale, bool(np.isnan(values).any())
        )
    else:
        cells = spread(reading, read, levels)
        inner, encoded = DatetimeColumn.fit(
            name, plain, moments(name, cells), settings.scale, settings.date_parts
        )
    counts = levels.counts
    share = float(counts[unread].sum() / max(counts.sum(), 1))
    note_reading(name, reading, levels, unread, share, settings.report)
    return ReadColumn(name, form, reading, inner, share), encoded


def _check_finite(name: Name, read: np.ndarray) -> None:
    if np.isinf(read).any():
        column_error(
            name, "holds a value too large for float64", "scale it down or make it missing"
        )


def _fit_numbers(
    name: Name, form: Form, cells: Cells, found: str, said: str | None, settings: Settings
) -> tuple[Column, np.ndarray]:
    values = finite_floats(name, cells)
    missing = np.isnan(values)
    gaps = bool(missing.any())
    observed = values[~missing] if gaps else values
    if len(observed) == 0:
        return _constant(name, form, None, (), cells)
    if _at_most_two(observed):
        # Counted among the cells themselves: integers beyond 2^53 may agree as floats.
        levels = Levels.of(name, cells)
        if len(levels.seen) == 1 and not gaps:
            return _constant_level(name, form, levels, cells)
        # Two numbers that never repeat show no sign of being categories.
        repeats = len(levels.seen) == 1 or len(observed) > 2
        if said is None and found == NUMBER and len(levels.seen) <= 2 and repeats:
            return _fit_levels(name, form, levels, settings)
    if said is None and found == NUMBER:
        if settings.parse == "infer" and settings.leave_out and is_identifier(name, cells, None):
            return _leave_out(name, form, cells, settings)
        note_numbers(name, observed, settings.report)
    return ContinuousColumn.fit(name, form, found, values, settings.scale, gaps, settings.weight)


def _are_few_periods(name: Name, cells: Cells) -> bool:
    """Tell whether cells are months, quarters or the like, too few to be a course of time."""
    if isinstance(cells, np.ndarray) and (cells.dtype != object or inferred(cells) != "period"):
        return False
    if not isinstance(cells, np.ndarray) and not isinstance(cells.dtype, pd.PeriodDtype):
        return False
    levels = Levels.of(name, cells)
    return levels.counts.sum() < FEWEST_CELLS or len(levels.cells) <= 2


def _at_most_two(observed: np.ndarray) -> bool:
    """Tell whether the numbers take at most two distinct values."""
    for part in (observed[:_ENOUGH_TO_TELL], observed):
        if ((part != part.min()) & (part != part.max())).any():
            return False
    return True


def _fit_dates(
    name: Name, form: Form, cells: Cells, settings: Settings
) -> tuple[Column, np.ndarray]:
    read = moments(name, cells)
    observed = read.utc[~read.missing]
    if len(observed) == 0:
        return _constant(name, form, None, (), cells)
    if not read.missing.any() and (observed == observed[0]).all():
        return _constant(name, form, values_of(cells[:1])[0], (DATE,), cells)
    note_dates(name, observed / read.ticks_per_day, settings.report)
    return DatetimeColumn.fit(name, form, read, settings.scale, settings.date_parts)


def _fit_levels(
    name: Name, form: Form, levels: Levels, settings: Settings
) -> tuple[Column, np.ndarray]:
    column, codes = _code_levels(name, form, levels, settings)
    _note_levels(column, levels, settings)
    return column, codes


def _code_levels(
    name: Name, form: Form, levels: Levels, settings: Settings
) -> tuple[Column, np.ndarray]:
    if len(levels.seen) == 0:
        return _constant(name, form, None, (), np.empty(len(levels.positions)))
    check_levels(name, levels.cells)
    if len(levels.seen) == 1 and (levels.positions >= 0).all():
        return _constant_level(name, form, levels, np.empty(len(levels.positions)))
    return CategoricalColumn.fit(
        name,
        form,
        levels.positions,
        levels.cells,
        settings.max_levels,
        settings.min_share,
        settings.fewest,
        settings.parse == "infer",
    )


def _note_levels(column: Column, levels: Levels, settings: Settings) -> None:
    if not isinstance(column, CategoricalColumn):
        return
    known = set(column.levels)
    if column.pooled_levels:
        settings.report.lost(
            column.name,
            float(column.share[OTHER]),
            int((levels.positions >= 0).sum()),
            f"has {column.pooled_levels:,} levels without a code, in *other* "
            f"({listed([value for value in levels.seen if value not in known])})",
            f"raise max_levels ({settings.max_levels}) or lower min_share "
            f"({settings.min_share:g}) to keep more, or drop it",
        )
    note_case(column.name, levels.seen, settings.report)


def _leave_out(
    name: Name, form: Form, cells: Cells, settings: Settings
) -> tuple[Column, np.ndarray]:
    column = IdentifierColumn(name, form, float(np.mean(pd.isna(cells))))
    column.tell(cells, settings.report)
    return column, np.empty((len(cells), 0), np.float32)


def _constant_level(
    name: Name, form: Form, levels: Levels, cells: Cells
) -> tuple[Column, np.ndarray]:
    return _constant(name, form, levels.seen[0], families_of(levels.cells), cells)


def _constant(
    name: Name, form: Form, value: object, families: tuple[str, ...], cells: Cells
) -> tuple[Column, np.ndarray]:
    return ConstantColumn(name, form, value, families), np.empty((len(cells), 0), np.float32)
