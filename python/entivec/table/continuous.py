"""A column of numbers (or truth values or time spans): one dense column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from .cells import (
    BOOL,
    EMPTY,
    NUMBER,
    PLURAL,
    SPAN,
    Cells,
    Name,
    column_error,
    family,
    first_foreign,
    floats,
    is_missing,
    value_family,
    values_of,
)
from .restore import Form
from .scaling import Scaler
from .ticks import span_step

_ADVICE = {
    NUMBER: "convert it to numbers (pandas.to_numeric) or fit anew",
    BOOL: "convert it to booleans or fit anew",
    SPAN: "convert it with pandas.to_timedelta or fit anew",
}


@dataclass
class ContinuousColumn:
    """Numbers scaled by training statistics; NaN where missing.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    holds : str
        "number", "bool" or "span": what the cells were in training.
    scaler : Scaler
        Its training statistics.
    missing_share : float
        Share of missing cells in training.
    step : float
        Days that every training time span was a multiple of; 0 where there is no such step.
    """

    kind: ClassVar[str] = "continuous"
    block: ClassVar[str] = "dense"
    width: ClassVar[int] = 1
    suffixes: ClassVar[list[str]] = [""]

    name: Name
    form: Form
    holds: str
    scaler: Scaler
    missing_share: float
    step: float = 0.0

    @classmethod
    def fit(
        cls,
        name: Name,
        form: Form,
        holds: str,
        values: np.ndarray,
        scale: str,
        gaps: bool,
        weight: float = 1.0,
    ) -> tuple[ContinuousColumn, np.ndarray]:
        """Return the fitted column and its encoded cells, float32 (n, 1)."""
        if scale == "none":
            _check_fits_float32(name, values)
        scaler, encoded = Scaler.fit(values, scale, gaps, weight)
        missing_share = float(np.isnan(values).mean()) if gaps else 0.0
        step = span_step(values) if holds == SPAN else 0.0
        return cls(name, form, holds, scaler, missing_share, step), encoded[:, np.newaxis]

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write the cells into float32 `out` (n, 1)."""
        values = observed_floats(self.name, cells, self.holds)
        if self.scaler == Scaler():
            _check_fits_float32(self.name, values)
        self.scaler.encode(values, out[:, 0])

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return the cells that `encoded` (n, 1) stands for."""
        values = self.scaler.decode(encoded[:, 0])
        if self.step:
            values = np.rint(values / self.step) * self.step
        return self.form.numbers(values, self.scaler.centre)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "holds": self.holds,
            "scaler": self.scaler.state(),
            "missing_share": self.missing_share,
            "step": self.step,
        }
        return document, {}

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> ContinuousColumn:
        """Rebuild the column that `state` described."""
        return cls(
            name,
            Form.from_state(document["form"]),
            document["holds"],
            Scaler.from_state(document["scaler"]),
            document["missing_share"],
            document["step"],
        )


def observed_floats(name: Name, cells: Cells, expected: str) -> np.ndarray:
    """Return the cells as float64, checked to be of the family `expected` and finite."""
    found = family(cells)
    if found != expected and not (found == NUMBER and expected == BOOL):
        value = None if found == EMPTY else first_foreign(cells, expected)
        if value is None:
            return np.full(len(cells), np.nan)
        changed_kind(name, _worst(cells, expected), expected)
    return finite_floats(name, cells)


def _worst(cells: Cells, expected: str) -> tuple[int, Any]:
    """Row and value of the cell that is least what it should be: "?" rather than "202"."""
    foreign = [
        (row, value)
        for row, value in enumerate(values_of(cells))
        if not is_missing(value) and value_family(value) != expected
    ]
    unreadable = ((row, value) for row, value in foreign if not _is_readable(value))
    return next(unreadable, foreign[0])


def _is_readable(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def changed_kind(name: Name, cell: tuple[int, Any], expected: str) -> NoReturn:
    """Raise the error of a cell of another kind than the column had in training."""
    row, value = cell
    column_error(
        name,
        f"held {PLURAL[expected]} in training and now holds {value!r}",
        f"{_ADVICE[expected]} (row position {row})",
    )


def finite_floats(name: Name, cells: Cells) -> np.ndarray:
    """Return the cells as float64, NaN where missing; an infinite value is an error."""
    try:
        values = floats(cells)
    except OverflowError:
        column_error(
            name, "holds a value too large for float64", "scale it down or make it missing"
        )
    except ValueError as error:
        for row, value in enumerate(values_of(cells)):
            if isinstance(value, str) and not _is_readable(value):
                column_error(
                    name,
                    f"should hold numbers and holds {value!r} at row position {row}",
                    "replace it by a number or a missing value",
                )
        column_error(name, str(error), "convert it to days (pandas.to_timedelta)")
    infinite = np.isinf(values)
    if infinite.any():
        position = int(infinite.argmax())
        column_error(
            name,
            f"holds an infinite value ({values[position]}) at row position {position}",
            "replace it by a finite number or a missing value",
        )
    return values


def _check_fits_float32(name: Name, values: np.ndarray) -> None:
    too_large = np.abs(values) > np.finfo(np.float32).max
    if too_large.any():
        value = values[int(too_large.argmax())]
        column_error(
            name,
            f"holds {value}, too large for float32",
            'scale it down or use scale="robust"',
        )
