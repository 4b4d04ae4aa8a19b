"""Whose rows an embedding has, and as of when: identifiers, each with a cut-off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from entivec.entity.frames import one_of, say
from entivec.events.cutoffs import one_moment
from entivec.events.times import US, read_times
from entivec.table.cells import Name, cells_of


@dataclass(frozen=True)
class Moments:
    """Rows of an output.

    Attributes
    ----------
    ids : Index of length n
        Repeated where an identifier is asked for at several cut-offs.
    cutoff : a time, Series of shape (n,) by position, or None
        Of all rows, of each of them, or none at all.
    pairs : bool
        Whether the output is indexed by identifier and cut-off.
    asked : bool
        Whether the user gave the cut-off; else it is just after the last event.
    named : bool
        Whether the user named the rows, by pairs or by identifier.
    """

    ids: pd.Index
    cutoff: Any = None
    pairs: bool = False
    asked: bool = False
    named: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def index(self) -> pd.Index:
        """Of the output."""
        if not self.pairs:
            return self.ids
        names = [self.ids.name, self.cutoff.name]
        return pd.MultiIndex.from_arrays([self.ids, self.cutoff], names=names)

    @property
    def several(self) -> bool:
        """Whether rows have cut-offs of their own."""
        return isinstance(self.cutoff, pd.Series)

    @property
    def earliest(self) -> Any:
        """The first cut-off: what is fitted sees nothing at or after it. None where all is seen."""
        return self.cutoff.min() if self.several else self.cutoff

    def of(self, name: Name) -> dict[str, Any]:
        """Return cut-offs and entities as estimators of events take them, ids named `name`."""
        if not self.several:
            return {"cutoff": self.cutoff, "entities": self.ids.rename(name)}
        time = "cutoff" if name != "cutoff" else "as_of"
        return {"cutoff": pd.DataFrame({name: self.ids, time: self.cutoff.array})}

    def groups(self) -> Iterable[tuple[Any, np.ndarray]]:
        """Yield each cut-off with the positions of its rows."""
        if not self.several:
            yield self.cutoff, np.arange(len(self))
            return
        for cutoff, rows in self.cutoff.reset_index(drop=True).groupby(self.cutoff.array):
            yield cutoff, rows.index.to_numpy()

    def without_cutoff(self) -> Moments:
        """Return the same rows, without regard to time."""
        return replace(self, cutoff=None)


def asked_rows(cutoff: Any, entities: Any, y: Any, entity: Name) -> Moments | None:
    """Return the rows that the user names, by cut-offs, by `entities` or by the index of `y`.

    Raises
    ------
    ValueError
        If a frame of cut-offs has other columns, a time is missing, or an identifier stands twice.
    """
    if cutoff is None and entities is None and y is not None and y.index.nlevels == 2:
        ids, times = (y.index.get_level_values(level) for level in (0, 1))
        return _pairs(ids, pd.Series(times, name=times.name), entity)
    if isinstance(cutoff, pd.MultiIndex):
        cutoff = cutoff.to_frame(index=False)
    if isinstance(cutoff, pd.DataFrame):
        if entities is not None:
            raise ValueError("entities and a frame of cut-offs are both given; leave one out")
        if entity not in cutoff.columns or cutoff.shape[1] != 2:
            raise ValueError(
                f"cutoff has the columns {list(cutoff.columns)!r}; give {entity!r} and one of times"
            )
        (time,) = [column for column in cutoff.columns if column != entity]
        return _pairs(pd.Index(cutoff[entity]), cutoff[time].reset_index(drop=True), entity)
    ids = None if entities is None else _unique(pd.Index(entities), "entities", entity)
    if isinstance(cutoff, pd.Series):
        by = _unique(pd.Index(cutoff.index), "cutoff", entity)
        ids = by if ids is None else ids
        absent = ~ids.isin(by)
        if absent.any():
            raise ValueError(
                f"cutoff has no time for {int(absent.sum())} of {len(ids)} entities, such as"
                f" {one_of(ids[absent])}; give each its own"
            )
        times = cutoff.set_axis(by).reindex(ids).reset_index(drop=True)
        return Moments(ids, _complete(times), asked=True, named=True)
    if ids is None:
        return None
    return Moments(ids, _moment(cutoff), asked=cutoff is not None, named=True)


def all_rows(ids: pd.Index, cutoff: Any, entity: Name) -> Moments:
    """Return the rows of all `ids` as of one cut-off, or none."""
    return Moments(ids.rename(entity), _moment(cutoff), asked=cutoff is not None)


def just_after(times: Iterable[tuple[str, Name, pd.Series]]) -> Any:
    """Return the moment just after the last of all times, or None where there are none.

    Raises
    ------
    ValueError
        If some are dates and others whole numbers, or some have a time zone and others none.
    """
    last, kind, of = None, None, ""
    for frame, column, cells in times:
        if len(cells) == 0:
            continue
        read = read_times(column, cells_of(cells))
        seen = read.ticks if read.missing is None else read.ticks[~read.missing]
        if len(seen) == 0:
            continue
        own = "whole numbers" if read.unit is None else "dates"
        if read.zone is not None:
            own += " with a time zone"
        if kind not in (None, own):
            raise ValueError(
                f"times are {kind} in {of!r} and {own} in {frame!r}, which cannot be compared;"
                " make them alike"
            )
        moment = _after(int(seen.max()), read.unit, read.zone)
        kind, of, last = own, frame, moment if last is None else max(last, moment)
    return last


def _after(tick: int, unit: str | None, zone: Any) -> Any:
    if unit is None:
        return tick + 1
    step: Any = pd.Timestamp(tick, unit=unit)
    after = step + pd.Timedelta(1, "us" if unit == US else "ns")
    return after if zone is None else after.tz_localize("UTC").tz_convert(zone)


def before(frame: pd.DataFrame, time: Name | None, cutoff: Any) -> pd.DataFrame:
    """Return the events before a cut-off; all of them where there is none.

    An event without a time is none: whoever reads the log counts and drops it.
    """
    if time is None or cutoff is None or len(frame) == 0:
        return frame
    times = read_times(time, cells_of(frame[time]))
    kept = np.asarray(times.ticks < one_moment(cutoff, times.unit, times.zone))
    if times.missing is not None:
        kept |= times.missing
    return frame if kept.all() else frame[kept]


def later_dates(frame: pd.DataFrame, column: Name, rows: Moments) -> np.ndarray:
    """Tell which dates of a table lie at or after the cut-off of their rows, bool (n,)."""
    later = np.zeros(len(frame), dtype=bool)
    times = read_times(column, cells_of(frame[column]))
    for cutoff, places in rows.groups():
        if isinstance(cutoff, pd.Timestamp):
            naive = times.zone is None
            own = cutoff if (cutoff.tz is None) == naive else _in_zone(cutoff, times.zone)
            later[places] = times.ticks[places] >= one_moment(own, times.unit, times.zone)
    return later if times.missing is None else later & ~times.missing


def _in_zone(cutoff: Any, zone: Any) -> Any:
    return cutoff.tz_localize(None) if zone is None else cutoff.tz_localize(zone)


def _pairs(ids: pd.Index, times: pd.Series, entity: Name) -> Moments:
    if len(ids) == 0:
        raise ValueError("cutoff has no rows; give at least one identifier and time")
    if ids.hasnans:
        raise ValueError(f"cutoff has a row without {entity!r}; drop it")
    named = pd.Series(times, name="cutoff" if times.name is None else times.name)
    return Moments(ids.rename(entity), _complete(named), pairs=True, asked=True, named=True)


def _complete(times: pd.Series) -> pd.Series:
    absent = times.isna().to_numpy()
    if absent.any():
        raise ValueError(
            f"cutoff is missing for {int(absent.sum())} row(s), first at position"
            f" {int(absent.argmax())}; give every row a time"
        )
    return pd.to_datetime(times) if times.dtype == object else times


def _moment(cutoff: Any) -> Any:
    """Return one cut-off as a Timestamp, or the whole number it is."""
    if cutoff is None or (isinstance(cutoff, (int, np.integer)) and not isinstance(cutoff, bool)):
        return cutoff
    try:
        moment: Any = pd.Timestamp(cutoff)
        if moment is pd.NaT:
            raise ValueError("it is missing")
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"cutoff={cutoff!r} is no time ({error}); give a Timestamp, a Series by identifier, or"
            " a frame of identifiers and times"
        ) from error
    return moment


def _unique(ids: pd.Index, where: str, entity: Name) -> pd.Index:
    if not ids.is_unique:
        raise ValueError(
            f"{where} has {one_of(ids[ids.duplicated()])} twice; give each identifier once, or a"
            " frame of identifiers and cut-offs for several dates"
        )
    return ids.rename(entity)


def targets_of(y: Any, rows: Moments, entity: Name) -> Any:
    """Return targets by position in the order of the rows, missing where there are none.

    Raises
    ------
    ValueError
        If an identifier has two, one is wanted for several dates, or none meets a row.
    """
    if y.index.nlevels == 2:
        if not rows.pairs:
            raise ValueError(
                f"y is indexed by {entity!r} and a cut-off; leave cutoff out, or give a frame of"
                f" {entity!r} and times"
            )
        found = y.set_axis(y.index.set_names(rows.index.names)).reindex(rows.index)
    elif rows.pairs and not rows.ids.is_unique:
        raise ValueError(
            f"y is indexed by {entity!r} alone, and the cut-offs ask for several dates of one;"
            f" index it by {entity!r} and cut-off"
        )
    else:
        if not y.index.is_unique:
            raise ValueError(
                f"y has {one_of(y.index[y.index.duplicated()])} twice; give each identifier once,"
                " or index it by identifier and cut-off"
            )
        found = y.reindex(rows.ids)
    met = y.index.isin(rows.index if y.index.nlevels == 2 else rows.ids)
    if not met.any():
        raise ValueError(
            f"no identifier of y is among the rows: y has {one_of(y.index)}, the rows have"
            f" {one_of(rows.index)}"
        )
    if not met.all():
        say(f"{int((~met).sum()):,} of {len(y):,} targets have no row, such as that of"
            f" {one_of(y.index[~met])}")  # fmt: skip
    return found.reset_index(drop=True)
