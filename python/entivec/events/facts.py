"""FactAggregator: what a log of events says of each entity, as of a date."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.base import NamedRows, Saved, Verbose, estimator, parameter
from entivec.base.common import POSITIVE
from entivec.base.parquet import check_names
from entivec.base.persistence import Arrays
from entivec.base.source import Source, is_source, scan
from entivec.base.values import pack_zone
from entivec.events.cutoffs import Cutoffs, check_zones, in_ticks, read_cutoffs
from entivec.events.in_parts import (
    Counted,
    ReadPiece,
    add_up,
    earliest,
    facts_in_parts,
    have_one_unit,
)
from entivec.events.keys import factorize
from entivec.events.log import NoEventError, ReadsEvents, SortedLog, leave_out
from entivec.events.spans import Span, Window, newest_and_longest, read_span, read_windows
from entivec.events.statistics import (
    Fact,
    Sources,
    describe,
    fact_columns,
    read_statistics,
)
from entivec.events.stored import cut_by_entity, parts_of
from entivec.events.times import TICKS_PER_DAY, local_ticks, read_times
from entivec.events.vocabulary import (
    JointVocabulary,
    Levels,
    Vocabulary,
    pack_vocabularies,
    read_vocabularies,
)
from entivec.table.blocks import FIRST_LEVEL
from entivec.table.cells import Name, column_error, shown

if TYPE_CHECKING:
    from typing_extensions import Self

_EVENTS_AT_ONCE = 1 << 20  # between looks at Ctrl-C and the progress bar
_RFM = {
    "marketing": (
        ("recency", "days from the last event to the cut-off"),
        ("frequency", "number of events"),
        ("monetary", "total"),
    ),
    "lifetimes": (
        ("frequency", "days with events after the first of them"),
        ("recency", "days from the first to the last day with events"),
        ("T", "days from the first day with events to the cut-off"),
        ("monetary_value", "mean total of the days after the first"),
    ),
}


@estimator
class FactAggregator(NamedRows, ReadsEvents, Verbose, Saved):
    """Facts of entities from a log of their events, as of a date.

    One pass over each entity's events gives counts, sums, means, spreads, trends, gaps, rhythms and
    shares, in several windows that end at the cut-off. Events **at or after** the cut-off are never
    seen (Feast and featuretools include the moment itself), nor are those within `gap` before it,
    nor those that `known_at` says were recorded later. Absolute times become cut-off minus time.

    The lines (slope, intercept, R²) run through the totals of regular periods that are counted back
    from the cut-off, so that all of them are whole; one without events has the total 0, from the
    entity's first event on. In a window of time they are the whole periods within; one without room
    for two has none. The newest period is at place 0: the intercept is what the line says of it.

    Where a statistic has no meaning (the standard deviation of one event) there is NaN, where it
    has there is 0 (the sum of none).

    {parameters}

    Attributes
    ----------
    description_ : DataFrame
        A row a column of the output: its name, source, statistic, window, and meaning in words.
    vocabularies_ : list
        Of each category: the frequent levels.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec import FactAggregator
    >>> orders = pd.DataFrame(
    ...     {"customer": [7, 7, 9, 7],
    ...      "date": pd.to_datetime(["2024-01-05", "2024-02-20", "2024-02-11", "2024-03-02"]),
    ...      "amount": [10.0, 30.0, 5.0, 99.0]}
    ... )
    >>> facts = FactAggregator(
    ...     "customer", time="date", values=["amount"], windows=[None, "30D"],
    ...     statistics=["count", "recency", "sum"],
    ... )
    >>> found = facts.fit_transform(orders, cutoff="2024-03-01")  # 2 March is the future
    >>> found.rename_axis(None)
       count  recency  amount_sum  count_30d  recency_30d  amount_sum_30d
    7    2.0     10.0        40.0        1.0         10.0            30.0
    9    1.0     19.0         5.0        1.0         19.0             5.0
    """

    _fitted = "description_"

    values: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="Numbers, truth values or time spans (in days); missing ones are left out.",
    )
    categories: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="Columns whose levels are counted, and values summed by level.",
    )
    windows: Sequence[Any] = parameter(
        default=(None,),
        allowed=["array-like"],
        kind="sequence of None, str or Timedelta",
        meaning="""
        None for all events before the cut-off, a stretch of time before it ("90D", "12h",
        "3 months", "1 year"), or a number of events ("last 6").""",
    )
    statistics: Any = parameter(
        default="default",
        allowed=[str, "array-like"],
        kind='"default" or sequence of names',
        meaning="""
        "default" is all that the log allows. count; recency, tenure, active_periods, gap_mean,
        gap_sd, weekday_mean, weekday_length, hour_mean, hour_length, weekend_share; of each value
        sum, mean, sd, min, max, first, last, diff_mean, diff_sd, change; of the number of events
        and of each value slope, intercept, r2; of each category distinct, entropy, level_share,
        level_sum.""",
    )
    period: Any = parameter(
        default="month",
        allowed=[Hashable],
        kind="str or Timedelta",
        meaning="""
        Of the lines: "hour", "day", "week", "month", "quarter", "year", or a stretch of time as in
        `windows`.""",
    )
    gap: Any = parameter(
        default=None,
        allowed=[Hashable],
        kind="str, Timedelta or None",
        meaning="""
        Stretch before the cut-off whose events are not seen, for what is known late. Windows and
        periods end where it begins.""",
    )
    known_at: Name | None = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name or None",
        meaning="""
        When an event was recorded: those recorded at or after the cut-off are not seen.""",
    )
    rfm: str | None = parameter(
        default=None,
        allowed=[StrOptions({"marketing", "lifetimes"}), None],
        kind='{"marketing", "lifetimes"} or None',
        meaning="""
        Adds recency, frequency and monetary value (of the first of `values`) of all events.
        "marketing": days since the last event, number of events, total. "lifetimes" (Fader, Hardie
        & Lee 2005, *Counting your customers the easy way*; the columns of the package of that
        name): repeat days, days from the first to the last, days from the first to the cut-off
        (T), mean total of the repeat days.""",
    )
    max_levels: int = parameter(
        default=5,
        allowed=POSITIVE,
        kind="int",
        meaning="""
        Levels of each category that have columns of their own, the most frequent in `fit`; all
        others, and those that `fit` did not see, are *other*.""",
    )
    dtype: str = parameter(
        default="float64",
        allowed=[StrOptions({"float64", "float32"})],
        kind='{"float64", "float32"}',
        meaning="Of the output; all sums are of float64.",
    )

    def fit(self, events: Any, y: Any = None, *, cutoff: Any = None) -> Self:
        """Learn the frequent levels of the categories.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
            One row an event.
        y : ignored
        cutoff : time, Series by entity, frame of pairs, or None
            Only events before the earliest are read.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or a column cannot be used; the message names it, shows the value and
            says what to do. The estimator is left as it was.
        """
        self._check_parameters()
        if is_source(events):
            self._fit_source(scan(events), cutoff)
            return self
        read = self._open(events, cutoff)
        cutoffs = read_cutoffs(cutoff, None, read.log, read.gap, read.known)
        self._learn(self._count(read, cutoffs), read.plan, read.log.zone)
        return self

    def _fit_source(self, source: Source, cutoff: Any) -> None:
        """Count the levels piece by piece, where the events are."""
        plan = self._plan(self.time is not None)
        first = earliest(self, cutoff)
        read = source.only(self._columns(source)).reduce(ReadPiece(self, first), add_up)
        for name, gaps in zip(self._keys(), read.gaps.tolist(), strict=True):
            leave_out(name, gaps, read.events, self.missing)
        if read.counted is None:
            raise NoEventError.of_column(self.entity)
        if read.seen == 0 and first is cutoff:
            raise NoEventError.before_cutoff()
        self._learn(read.counted, plan, read.zone)

    def _read_piece(self, events: pd.DataFrame, cutoff: Any) -> tuple[Counted, Any, int]:
        """Count the levels of some events; give their zone, and how many are before the cut-off."""
        read = self._open(events, cutoff)
        log = read.log
        cutoffs = read_cutoffs(cutoff, log.entities, log, read.gap, read.known)
        seen = len(log) if log.times is None else int(cutoffs.seen(log, read.known).sum())
        return self._count(read, cutoffs), log.zone, seen

    def _columns(self, source: Source) -> list[str]:
        """The columns that are read of a source."""
        optional = [name for name in (self.time, self.known_at) if name is not None]
        named = [self.entity, *optional, *self.values, *self.categories]
        names = list(dict.fromkeys(map(str, named)))
        check_names(names, source.names)
        return names

    def fit_transform(
        self, events: Any, y: Any = None, *, cutoff: Any = None, entities: Any = None
    ) -> Any:
        """Learn the frequent levels and return the facts of the same events, read once.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        y : ignored
        cutoff : time, Series by entity, frame of pairs, or None
        entities : Index or None
            See `transform`.

        Returns
        -------
        DataFrame of shape (rows, facts)
        """
        if is_source(events):
            return self.fit(events, cutoff=cutoff).transform(
                events, cutoff=cutoff, entities=entities
            )
        self._check_parameters()
        read = self._open(events, cutoff)
        cutoffs = read_cutoffs(cutoff, entities, read.log, read.gap, read.known)
        self._learn(self._count(read, cutoffs), read.plan, read.log.zone)
        return self._named(self._compute(read, cutoffs))

    def transform(self, events: Any, *, cutoff: Any = None, entities: Any = None) -> Any:
        """Return the facts of entities, with the levels that `fit` learnt.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        cutoff : time, Series by entity, frame of pairs, or None
            Facts are as of just before it. A frame has a column named like `entity` and one of
            times, and may ask for several dates of an entity; so may a MultiIndex. None: as of the
            last event of the log, which is seen then, whenever it was recorded.
        entities : Index or None
            These in this order; one without events has 0 and NaN, and is counted in a warning.
            None for all that have events before the cut-off.

        Returns
        -------
        DataFrame of shape (rows, facts)
            Index: the entities, or entity and cut-off where pairs were given; in polars, where
            `set_output` asks for it, they are the first columns.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If a column, a time or an entity cannot be used.
        """
        check_is_fitted(self, self._fitted)
        with self._parts(events) as parts:
            if len(parts) > 1:
                return self._named(facts_in_parts(self, parts, cutoff, entities))
            return self._named(self._transform(events, cutoff, entities))

    def _transform(
        self, events: Any, cutoff: Any, entities: Any, last: int | None = None
    ) -> pd.DataFrame:
        """Facts of a log, or of a part of one whose last event is `last`."""
        read = self._open(events, cutoff)
        self._check_zone(read.log)
        log = replace(read.log, zone=self.zone_)  # its calendar is that of the training
        cutoffs = read_cutoffs(cutoff, entities, log, read.gap, read.known, last)
        return self._compute(replace(read, log=log), cutoffs)

    @contextmanager
    def _parts(self, events: Any) -> Iterator[list[Any]]:
        """Cut a log in files, where it is too long for its memory, by entity."""
        if not is_source(events):
            yield [events]
            return
        source = scan(events)
        names = self._columns(source)
        wanted = parts_of(source, len(names))
        if wanted == 1:
            yield [source]
            return
        with cut_by_entity(source, str(self.entity), names, wanted) as parts:
            yield parts if have_one_unit(self, parts) else [source]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self, self._fitted)
        return self.description_["column"].to_numpy(dtype=object)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the frequent levels as JSON and arrays."""
        documents, arrays = pack_vocabularies(self.vocabularies_)
        return {"vocabularies": documents, "zone": pack_zone(self.zone_)}, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        self.vocabularies_ = read_vocabularies(document["vocabularies"], arrays)
        self.zone_ = document["zone"]
        self.description_ = self._describe(self._plan(self.time is not None))

    # Steps

    def _check_zone(self, log: SortedLog) -> None:
        if (log.zone is None) != (self.zone_ is None):
            column_error(
                self.time,
                f"has the time zone {log.zone} and had {self.zone_} in training",
                "give both one with Series.dt.tz_localize",
            )

    def _open(self, events: Any, cutoff: Any) -> _Read:
        """Read the log: all that can be wrong is found before the work starts."""
        plan = self._plan(self.time is not None)
        gap = None if self.gap is None else read_span("gap", self.gap)
        if gap is not None and gap.months:
            raise ValueError(f"gap={self.gap!r} is of no fixed length; give one such as '30D'")
        known_at = [] if self.known_at is None else [self.known_at]
        log = self._read(events, [*self.values, *self.categories, *known_at])
        if log.times is not None and log.unit is None:
            column_error(
                self.time,
                f"holds {log.times[0]}, a number, not a time",
                'convert it with pandas.to_datetime(…, unit="s")',
            )
        known = None if self.known_at is None else self._known(log)
        if cutoff is None:
            known = None  # the log is what is known at its end
        return _Read(log, plan, gap, known, log.values(tuple(self.values)), self._codes(log))

    def _plan(self, timed: bool) -> _Plan:
        if not timed:
            for name in ("gap", "known_at", "rfm"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is given and time is None; name the column of times")
        windows = read_windows(self.windows, timed)
        codes = read_statistics(self.statistics, timed, len(windows))
        return _Plan(windows, codes, read_span("period", self.period))

    def _known(self, log: SortedLog) -> np.ndarray:
        """When the events were recorded, in ticks of the log, rounded up."""
        times = read_times(self.known_at, log.columns.cells(self.known_at))
        if times.missing is not None:
            column_error(
                self.known_at,
                f"is missing in {int(times.missing.sum()):,} events",
                "say of every event when it was recorded, or drop it",
            )
        check_zones(self.known_at, times.zone, log.zone)
        return log.sorted(in_ticks(times, log.unit))

    def _codes(self, log: SortedLog) -> list[tuple[np.ndarray, pd.Index]]:
        """Each category's distinct levels, and their codes from 1 on, 0 missing."""
        read = []
        for name in self.categories:
            codes, levels = factorize(name, log.columns.cells(name))
            codes += 1
            read.append((log.sorted(codes), levels))
        return read

    def _count(self, read: _Read, cutoffs: Cutoffs) -> Counted:
        """By category, events before the earliest cut-off: without a level, and of each."""
        timed = read.log.times is not None
        seen = cutoffs.seen(read.log, read.known) if timed and read.codes else None
        counted = []
        for codes, levels in read.codes:
            raw = codes if seen is None else codes[seen]
            counts = np.bincount(raw, minlength=len(levels) + 1)
            counted.append((int(counts[0]), pd.Series(counts[1:], index=levels)))
        return counted

    def _learn(self, counted: Counted, plan: _Plan, zone: Any) -> None:
        vocabularies: list[Vocabulary | JointVocabulary] = []
        for name, (missing, counts) in zip(self.categories, counted, strict=True):
            raw = np.concatenate([[missing, 0], counts.to_numpy()])
            levels = Levels(name, counts.index)
            vocabularies.append(Vocabulary.of_counts(levels, raw, 1, self.max_levels)[0])
        if counted and not any(missing + counts.sum() for missing, counts in counted):
            warnings.warn(
                "no event lies before the earliest cut-off, so that no levels were learnt; fit "
                "with a later cutoff and transform with these",
                UserWarning,
                stacklevel=3,
            )
        self.vocabularies_ = vocabularies
        self.zone_ = zone
        self.description_ = self._describe(plan)

    def _describe(self, plan: _Plan) -> pd.DataFrame:
        levels = [vocabulary.names()[FIRST_LEVEL:] for vocabulary in self.vocabularies_]
        sources = Sources(list(self.values), list(self.categories), levels)
        facts = fact_columns(plan.codes, plan.windows, plan.period, sources)
        money = shown(next(iter(self.values))) if len(self.values) else "events"
        for name, meaning in _RFM.get(self.rfm or "", ()):
            facts.append(Fact(f"rfm_{name}", money, f"rfm ({self.rfm})", "all events", meaning))
        return describe(facts)

    def _compute(self, read: _Read, cutoffs: Cutoffs) -> pd.DataFrame:
        log = read.log
        core, plan = self._core_log(read), self._core_plan(read)
        out = np.empty((len(cutoffs.index), len(self.description_)), dtype=self.dtype)
        threads = self._threads()
        rows = (cutoffs.entity, cutoffs.cutoff, cutoffs.end, cutoffs.end_local)
        for part in _parts(cutoffs, log, self.verbose):
            entity, cutoff, end, local = (row[part] for row in rows)
            _core.facts(core, plan, entity, cutoff, end, local, threads, out[part])
        if self.rfm is not None:
            money = 0 if len(self.values) else -1
            day = TICKS_PER_DAY[str(log.unit)]
            repeat = self.rfm == "lifetimes"
            rfm = _core.rfm(core, repeat, money, day, *rows, threads)
            out[:, out.shape[1] - rfm.shape[1] :] = rfm
        columns = pd.Index(self.description_["column"].array, name=None)
        return pd.DataFrame(out, index=cutoffs.index, columns=columns, copy=False)

    def _core_log(self, read: _Read) -> _core.FactLog:
        log = read.log
        local = None
        if log.zone is not None and log.times is not None:
            local = local_ticks(log.times, str(log.unit), log.zone)
        codes = np.empty((len(log), len(read.codes)), dtype=np.int32)
        levels = []
        for at, ((column, found), vocabulary) in enumerate(
            zip(read.codes, self.vocabularies_, strict=True)
        ):
            codes[:, at] = column
            (column_levels,) = vocabulary.columns
            assert isinstance(column_levels, Levels)
            of_level = column_levels.code_of(found)
            levels.append(np.roll(of_level, 1))  # the code of a missing cell comes first
        return _core.FactLog(
            offsets=log.offsets,
            times=log.times,
            local=local,
            known=read.known,
            codes=codes,
            levels=levels,
            sizes=[len(vocabulary) - FIRST_LEVEL for vocabulary in self.vocabularies_],
            values=read.values,
        )

    def _core_plan(self, read: _Read) -> _core.FactPlan:
        unit, plan = read.log.unit, read.plan
        newest, longest = newest_and_longest(plan.windows)
        return _core.FactPlan(
            facts=plan.codes,
            windows=[_core_window(window, unit, plan.period) for window in plan.windows],
            period=(0, 0) if unit is None else _core_span(plan.period, unit),
            ticks_per_day=1 if unit is None else TICKS_PER_DAY[unit],
            newest=newest,
            longest=longest,
        )


@dataclass(frozen=True)
class _Plan:
    windows: list[Window]
    codes: list[int]
    period: Span


@dataclass(frozen=True)
class _Read:
    """A log with all that is read of it."""

    log: SortedLog
    plan: _Plan
    gap: Span | None
    known: np.ndarray | None
    values: np.ndarray
    codes: list[tuple[np.ndarray, pd.Index]]


def _core_span(span: Span, unit: str) -> tuple[int, int]:
    return span.ticks(unit), span.months


def _core_window(window: Window, unit: str | None, period: Span) -> tuple[int, int, int, bool]:
    line = window.has_lines(period)
    if window.span is None or unit is None:
        return 0, 0, window.events, line
    return (*_core_span(window.span, unit), 0, line)


def _parts(cutoffs: Cutoffs, log: SortedLog, verbose: bool) -> Any:
    """Rows to compute at once, so that Ctrl-C and the progress bar are served between."""
    sizes = np.append(np.diff(log.offsets), 1)[cutoffs.entity]
    last = np.cumsum(sizes) // _EVENTS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(last)) + 1).tolist(), len(sizes)]
    parts = [slice(a, b) for a, b in pairwise(edges)]
    if not verbose:
        return parts
    from tqdm.auto import tqdm  # not needed, so not imported, without a bar

    return tqdm(parts, desc="entivec", unit="part")
