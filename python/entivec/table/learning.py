"""From a table to its fitted columns: each by itself, then what is in the bag together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from .bag import Bag, empty_bag, held_of, is_count_dtype, share_of, side_by_side
from .cells import cells_of
from .fitted import FittedTable
from .identifier import IdentifierColumn
from .kinds import Column, Role, Settings, fit_column
from .labels import LabelsColumn
from .reading import FRAME, MATRIX, Table
from .report import Report
from .together import is_plain

_ALL_THERE_IS = "names the rows and is all there is to embed; beyond 2^53 last digits are lost"
_TAKEN = "give columns that say something of the rows"


class Learnt(NamedTuple):
    """A fitted table and what came with it.

    Attributes
    ----------
    fitted : FittedTable
    parts : list of ndarray or None
        Each column's encoded cells, where they are kept. None stands for columns of plain numbers:
        scaling them again is cheap, and keeping them would hold a second copy of the table.
    bags : csr_matrix of shape (n, v)
    report : Report
        What is to be said of the columns.
    """

    fitted: FittedTable
    parts: list[np.ndarray | None]
    bags: sparse.csr_matrix
    report: Report


def learn(table: Table, roles: dict[Any, Role], settings: Settings, keep: bool) -> Learnt:
    """Fit every column of a table, and its bag.

    Parameters
    ----------
    table : Table
    roles : dict of column name to Role
        What the user says of columns.
    settings : Settings
    keep : bool
        Whether the encoded cells are wanted.
    """
    if table.form == MATRIX:
        return _learn_matrix(table, roles)
    columns: list[Column] = []
    positions: list[int] = []
    bag_positions: list[int] = []
    parts: list[np.ndarray | None] = []
    sources = table.columns()
    for position, (name, source) in enumerate(zip(table.names, sources, strict=True)):
        if name not in roles and is_count_dtype(source.dtype):
            bag_positions.append(position)
            continue
        cells = cells_of(source) if table.form == FRAME else source
        for column, part in fit_column(name, cells, source.dtype, roles.get(name), settings):
            columns.append(column)
            positions.append(position)
            if keep:
                parts.append(None if is_plain(column, source.dtype) else part)
    if settings.leave_out and not bag_positions and _only_identifiers(columns):
        # Nothing would be left: they are taken as they are, with a word about it.
        settings = replace(settings, leave_out=False, report=Report())
        for column in columns:
            settings.report.note(column.name, _ALL_THERE_IS, _TAKEN, warn=True)
        return learn(table, roles, settings, keep)
    labelled = [
        (column, cells_of(sources[position]) if table.form == FRAME else sources[position])
        for column, position in zip(columns, positions, strict=True)
        if isinstance(column, LabelsColumn)
    ]
    bag, bags = _fit_bag(table, bag_positions, sources, labelled)
    report = settings.report
    notes = {position: report.notes.get(name, []) for position, name in enumerate(table.names)}
    fitted = FittedTable(table.form, table.names, columns, positions, bag, bag_positions, notes)
    return Learnt(fitted, parts, bags, report)


def _learn_matrix(table: Table, roles: dict[Any, Role]) -> Learnt:
    if roles:
        name, role = next(iter(roles.items()))
        raise ValueError(
            f"{role.name}= names {name!r}, but the columns of a sparse matrix are counts; give "
            "that column in a DataFrame"
        )
    bag, bags = Bag.fit_matrix(list(table.names), table.data)
    every = list(range(len(table.names)))
    return Learnt(FittedTable(MATRIX, table.names, [], [], bag, every), [], bags, Report())


def _only_identifiers(columns: list[Column]) -> bool:
    left = [column for column in columns if column.block == "none"]
    return len(left) == len(columns) and any(isinstance(one, IdentifierColumn) for one in left)


def _fit_bag(
    table: Table, positions: list[int], sources: list[Any], labelled: list[tuple[LabelsColumn, Any]]
) -> tuple[Bag | None, sparse.csr_matrix]:
    """Fit the sparse columns and the columns of labels, which together are the bag."""
    if not positions and not labelled:
        return None, empty_bag(len(table))
    bag, parts = None, []
    if positions:
        names = [table.names[position] for position in positions]
        bag, own = Bag.fit_columns(names, [sources[position] for position in positions])
        parts.append(own)
    parts += [column.counts(cells) for column, cells in labelled]
    joined = side_by_side(parts)
    share, used = share_of(joined), 0
    owners: list[Any] = [*([bag] if bag else []), *(column for column, _ in labelled)]
    for part, counts in zip(owners, parts, strict=True):
        part.share = share[used : used + counts.shape[1]]
        part.held = held_of(counts)
        used += counts.shape[1]
    return bag, joined
