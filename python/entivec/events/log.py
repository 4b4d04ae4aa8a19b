"""A log of events, read once and sorted: what every family that reads events starts from."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions

from entivec import _core
from entivec.base.common import Threaded
from entivec.base.parameters import estimator, parameter
from entivec.events.keys import factorize
from entivec.events.reading import Columns, open_log
from entivec.events.times import Times, read_times
from entivec.table.cells import Name, column_error
from entivec.table.continuous import finite_floats

_MOST_EVENTS = np.iinfo(np.int32).max


class NoEventError(ValueError):
    """No event is left that may be seen: of a part of a log no error, as others have some."""

    @classmethod
    def of_column(cls, entity: Name) -> NoEventError:
        """Every event lacks its entity or its time."""
        return cls(
            f"column {entity!r} leaves no event with an entity and a time; give at least one"
        )

    @classmethod
    def before_cutoff(cls) -> NoEventError:
        """Every event lies at the cut-off or after it."""
        return cls("no event lies before the cut-off; give a later one")


@estimator
class ReadsEvents(Threaded):
    """What reads logs of events: which column is what."""

    entity: Name = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name",
        meaning="Whose events these are: keys of any hashable type. It must be given.",
        kw_only=False,
    )
    time: Name | None = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name or None",
        meaning="""
        When: datetimes of any unit, with a time zone or without, or whole numbers. Without it the
        order of the log is that of the events.""",
    )
    missing: str = parameter(
        default="drop",
        allowed=[StrOptions({"drop", "error"})],
        kind='{"drop", "error"}',
        meaning="""
        Events without an entity or a time are left out with a warning that counts them, or are an
        error.""",
    )

    def _keys(self) -> list[Name]:
        """Return the columns that every event must have."""
        return [self.entity] if self.time is None else [self.entity, self.time]

    def _read(self, events: Any, names: Iterable[Name]) -> SortedLog:
        """Open a log, check that the columns `names` are there, and sort it."""
        if self.entity is None:
            raise ValueError(
                "entity is None; name the column that says whose events these are, such as "
                f"{type(self).__name__}('customer_id')"
            )
        columns = open_log(events, [*self._keys(), *names])
        return sort_log(columns, self.entity, self.time, self.missing, self._threads())


@dataclass(frozen=True)
class SortedLog:
    """Events sorted by entity, then time, then place in the log.

    Attributes
    ----------
    columns : Columns
        The log itself; further columns are read on demand.
    entities : pandas.Index
        Sorted; named like the column.
    offsets : ndarray of shape (entities + 1,), int64
        Where the events of each entity begin.
    rows : ndarray of shape (events,), int32
        The place of each event in the log.
    times : ndarray of shape (events,), int64, or None
        Ticks since 1970.
    unit : str or None
        Of the ticks; None for whole numbers and without times.
    zone : tzinfo or None
    threads : int
    """

    columns: Columns
    entities: pd.Index
    offsets: np.ndarray
    rows: np.ndarray
    times: np.ndarray | None
    unit: str | None
    zone: Any
    threads: int

    def __len__(self) -> int:
        return len(self.rows)

    def sorted(self, column: np.ndarray) -> np.ndarray:
        """Return a column of the log (n,) in the order of the events, (events,)."""
        block = np.empty((len(self), 1), dtype=column.dtype)
        self.put(column, block, 0)
        return block[:, 0]

    def put(self, column: np.ndarray, block: np.ndarray, at: int) -> None:
        """Write a column of the log (n,) into column `at` of a block (events, columns)."""
        _core.gather_events(self.rows, np.ascontiguousarray(column), block, at, self.threads)

    def values(self, names: tuple[Name, ...]) -> np.ndarray:
        """Read columns of numbers, float64 (events, columns), NaN where missing."""
        block = np.empty((len(self), len(names)))
        for at, name in enumerate(names):
            self.put(finite_floats(name, self.columns.cells(name)), block, at)
        return block


def sort_log(
    columns: Columns, entity: Name, time: Name | None, missing: str, threads: int
) -> SortedLog:
    """Sort a log by entity and time; events without either are dropped or an error.

    Raises
    ------
    ValueError
        If `missing` is "error" and an event has no entity or time, if none is left, or if there
        are more than 2³¹ events.
    """
    if len(columns) > _MOST_EVENTS:
        raise ValueError(
            f"events has {len(columns):,} rows, more than {_MOST_EVENTS:,}; give it in parts"
        )
    codes, entities = factorize(entity, columns.cells(entity))
    _drop(entity, codes < 0, codes, missing)
    times = None
    if time is not None:
        times = read_times(time, columns.cells(time))
        if times.missing is not None:
            _drop(time, times.missing, codes, missing)
    ticks = None if times is None else times.ticks
    offsets, rows = _core.sort_events(codes, len(entities), ticks, threads)
    if len(rows) == 0:
        raise NoEventError.of_column(entity)
    # Entities all of whose events were dropped are none of the log's.
    present = np.diff(offsets) > 0
    if not present.all():
        entities = entities[present]
        offsets = np.append(offsets[:-1][present], offsets[-1])
    log = SortedLog(
        columns=columns,
        entities=entities.rename(entity),
        offsets=offsets,
        rows=rows,
        times=None,
        unit=None if times is None else times.unit,
        zone=None if times is None else times.zone,
        threads=threads,
    )
    return log if times is None else _with_times(log, times)


def _with_times(log: SortedLog, times: Times) -> SortedLog:
    return SortedLog(**{**vars(log), "times": log.sorted(times.ticks)})


def _drop(name: Name, gaps: np.ndarray, codes: np.ndarray, missing: str) -> None:
    count = int(np.count_nonzero(gaps))
    if count:
        first = f", first at row position {int(gaps.argmax())}"
        leave_out(name, count, len(codes), missing, first)
        codes[gaps] = -1


def leave_out(name: Name, gaps: int, events: int, missing: str, where: str = "") -> None:
    """Warn of the events that are left out for want of a cell, unless `missing` is "error"."""
    if not gaps:
        return
    if missing == "error":
        column_error(
            name,
            f"is missing in {gaps:,} events{where}",
            'fill it, drop these events, or set missing="drop"',
        )
    warnings.warn(
        f"column {name!r} is missing in {gaps:,} of {events:,} events; they are left out",
        UserWarning,
        stacklevel=3,
    )
