"""A fitted codec as one value, and its state without pickle."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.values import pack_index, unpack_index

from .bag import Bag
from .kinds import COLUMN_TYPES, Column
from .labels import LabelsColumn
from .together import ContinuousColumns

_CACHED = ("together", "labels", "bag_share")


@dataclass(frozen=True)
class FittedTable:
    """The fitted columns and where in the table they stand.

    Attributes
    ----------
    form : str
        What the table was: "DataFrame", "array" or "sparse matrix".
    names : pandas.Index
        Names of all columns in table order.
    columns : list
        The fitted columns that are not in the bag, in table order.
    positions : list of int
        Their positions in `names`.
    bag : Bag or None
        The fitted bag block.
    bag_positions : list of int
        Positions of its columns in `names`.
    notes : dict of int to list of str
        What the fit found in the column at a position.
    """

    form: str
    names: pd.Index
    columns: list[Column]
    positions: list[int]
    bag: Bag | None
    bag_positions: list[int]
    notes: dict[int, list[str]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in _CACHED}

    @cached_property
    def labels(self) -> list[LabelsColumn]:
        """The columns with several labels in a cell, in table order: the end of the bag."""
        return [column for column in self.columns if isinstance(column, LabelsColumn)]

    @cached_property
    def bag_share(self) -> np.ndarray:
        """Mean share of every column of the bag among the training bags that are not empty."""
        own = [] if self.bag is None else [self.bag.share]
        return np.concatenate([np.empty(0), *own, *(column.share for column in self.labels)])

    @property
    def bag_weight(self) -> float:
        """Columns that the bag counts for: what a row that is not empty holds in the mean."""
        own = 0.0 if self.bag is None else self.bag.held
        return max(1.0, own + sum(column.held for column in self.labels))

    @cached_property
    def together(self) -> ContinuousColumns:
        """The columns of numbers that are encoded together in small tables."""
        return ContinuousColumns(self.columns, self.positions, len(self.names))

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a JSON-able document and arrays.

        Raises
        ------
        ValueError
            If a column or the column names have values without a saved form.
        """
        arrays: dict[str, np.ndarray] = {}
        columns = []
        for position, column in zip(self.positions, self.columns, strict=True):
            try:
                document, own = column.state()
            except TypeError as error:
                raise ValueError(
                    f"column {column.name!r} cannot be saved: {error}; convert it to text, "
                    "numbers or dates before fit"
                ) from None
            kind = getattr(column, "stored", column.kind)
            columns.append({"position": position, "kind": kind, "fitted": document})
            arrays.update({f"column{position}.{key}": part for key, part in own.items()})
        bag = None
        if self.bag is not None:
            document, own = self.bag.state()
            bag = {"positions": self.bag_positions, "fitted": document}
            arrays.update({f"bag.{key}": part for key, part in own.items()})
        names = self._packed_names()
        notes = [[position, texts] for position, texts in self.notes.items() if texts]
        table = {"form": self.form, "names": names, "columns": columns, "bag": bag, "notes": notes}
        return table, arrays

    def _packed_names(self) -> dict[str, Any]:
        try:
            return pack_index(self.names)
        except TypeError as error:
            raise ValueError(
                f"the column names cannot be saved: {error}; name the columns by text before fit"
            ) from None

    @classmethod
    def from_state(cls, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> FittedTable:
        """Rebuild what `state` described."""
        names = unpack_index(document["names"])
        columns = []
        for state in document["columns"]:
            position = state["position"]
            own = _starting_with(f"column{position}.", arrays)
            fitted = COLUMN_TYPES[state["kind"]].from_state(names[position], state["fitted"], own)
            columns.append(fitted)
        bag, bag_positions = None, []
        if document["bag"] is not None:
            bag_positions = list(document["bag"]["positions"])
            bag = Bag.from_state(
                [names[position] for position in bag_positions],
                document["bag"]["fitted"],
                _starting_with("bag.", arrays),
            )
        positions = [state["position"] for state in document["columns"]]
        notes = {position: list(texts) for position, texts in document.get("notes", [])}
        return cls(document["form"], names, columns, positions, bag, bag_positions, notes)


def _starting_with(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key[len(prefix) :]: part for key, part in arrays.items() if key.startswith(prefix)}


def coded_part(column: Column) -> Column:
    """Return the column whose codes stand in the block: that of a flag is inside its reading."""
    return getattr(column, "inner", column)
