"""Which kind a training column is, and the fitted column of that kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from .categorical import (
    CategoricalColumn,
    ConstantColumn,
    check_levels,
    distinct_cells,
    families_of,
)
from .cells import (
    BOOL,
    DATE,
    EMPTY,
    NUMBER,
    SPAN,
    Cells,
    Name,
    column_error,
    family,
    first_foreign,
    values_of,
)
from .continuous import ContinuousColumn, finite_floats
from .restore import Dtype, Form
from .temporal import DatetimeColumn, moments

Column: TypeAlias = "ContinuousColumn | CategoricalColumn | DatetimeColumn | ConstantColumn"
COLUMN_TYPES: dict[str, type[Column]] = {
    "continuous": ContinuousColumn,
    "categorical": CategoricalColumn,
    "datetime": DatetimeColumn,
    "constant": ConstantColumn,
    "missing": ConstantColumn,
}
_ENOUGH_TO_TELL = 1000  # cells looked at before all are searched for a third distinct number


@dataclass(frozen=True)
class Settings:
    """The encoder's parameters that a single column's fit depends on."""

    scale: str
    max_levels: int
    min_share: float


def fit_column(
    name: Name, cells: Cells, dtype: Dtype, role: str | None, settings: Settings
) -> tuple[Column, np.ndarray]:
    """Return the fitted column and its encoded training cells (n, width).

    Parameters
    ----------
    name : column name
    cells : array of shape (n,)
    dtype : dtype of the source column, which may be Sparse where its cells are not
    role : "categorical", "continuous" or None
        What the user says the column is; None to infer it.
    settings : Settings

    Raises
    ------
    ValueError
        If the cells cannot be what `role` says, or hold an infinite value or a container.
    """
    found = family(cells)
    if getattr(cells.dtype, "kind", None) == "c":
        column_error(
            name,
            f"holds complex numbers ({values_of(cells[:1])[0]})",
            "give their real and imaginary parts as two columns",
        )
    form = Form.of(cells, dtype)
    if found == EMPTY:
        return _constant(name, form, None, (), cells)
    if role == "continuous" and found not in (NUMBER, BOOL, SPAN, DATE):
        value = first_foreign(cells, NUMBER)
        if value is not None:
            column_error(
                name,
                f"is named in continuous= and holds {value!r}",
                "leave it out there or convert it to numbers",
            )
        return _constant(name, form, None, (), cells)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        if role == "continuous":
            column_error(
                name,
                "is named in continuous= and is of category dtype",
                "leave it out there or convert it to numbers or dates with astype",
            )
        role = "categorical"
    if role == "categorical" or (role is None and found not in (NUMBER, SPAN, DATE)):
        return _fit_levels(name, form, cells, settings)
    if found == DATE:
        return _fit_dates(name, form, cells, settings)
    return _fit_numbers(name, form, cells, found, role, settings)


def _fit_numbers(
    name: Name, form: Form, cells: Cells, found: str, role: str | None, settings: Settings
) -> tuple[Column, np.ndarray]:
    values = finite_floats(name, cells)
    missing = np.isnan(values)
    gaps = bool(missing.any())
    observed = values[~missing] if gaps else values
    if len(observed) == 0:
        return _constant(name, form, None, (), cells)
    if _at_most_two(observed):
        # Counted among the cells themselves: integers beyond 2^53 may agree as floats.
        _, levels = distinct_cells(name, cells)
        if len(levels) == 1 and not gaps:
            return _constant(name, form, values_of(levels)[0], families_of(levels), cells)
        # Two numbers that never repeat show no sign of being categories.
        repeats = len(levels) == 1 or len(observed) > 2
        if role is None and found == NUMBER and len(levels) <= 2 and repeats:
            return _fit_levels(name, form, cells, settings)
    return ContinuousColumn.fit(name, form, found, values, settings.scale, gaps)


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
    return DatetimeColumn.fit(name, form, read, settings.scale)


def _fit_levels(
    name: Name, form: Form, cells: Cells, settings: Settings
) -> tuple[Column, np.ndarray]:
    positions, levels = distinct_cells(name, cells)
    if len(levels) == 0:
        return _constant(name, form, None, (), cells)
    check_levels(name, levels)
    if len(levels) == 1 and (positions >= 0).all():
        return _constant(name, form, values_of(levels)[0], families_of(levels), cells)
    return CategoricalColumn.fit(
        name, form, positions, levels, settings.max_levels, settings.min_share
    )


def _constant(
    name: Name, form: Form, value: object, families: tuple[str, ...], cells: Cells
) -> tuple[Column, np.ndarray]:
    return ConstantColumn(name, form, value, families), np.empty((len(cells), 0), np.float32)
