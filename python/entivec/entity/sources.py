"""What each frame is: inferred from its identifiers and columns, or as the user says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from entivec.entity.frames import Frames, check_types, identified, with_identifier
from entivec.entity.moments import before
from entivec.entity.views import (
    EmbeddingsView,
    FactsView,
    ItemsView,
    TableView,
    TextsView,
    View,
    view_of,
)
from entivec.events.facts import FactAggregator
from entivec.table.cells import BOOL, DATE, MIXED, NUMBER, SPAN, TEXT, Name, cells_of, family, shown
from entivec.table.date_text import DateText
from entivec.table.identifier import called_identifier
from entivec.table.parsing import Levels, infer_reading
from entivec.table.text import is_free
from entivec.tokens.items import Item2Vec

TABLE, EVENTS = "table", "events"
LOOKED_AT = 200  # cells of text, whether they are dates
FEW_LEVELS = 200  # up to which levels are counted; more are items with vectors
ITEM_COMPONENTS = 16
FEWEST_OF_AN_ITEM = 2
NEARLY_UNIQUE = 0.95  # share of identifiers that stand once in what should have been a table
NEIGHBOURS = 10  # events on either side that teach what an item is, where there are no baskets
BASKET = "basket"
OF_ONE = 0.5  # share of the events whose level belongs to one identifier: it names their parts
_ROUND_DAYS = np.array([1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730, 1825])
_NEED = (
    "give None, 'table', 'events', a dict of FactAggregator's parameters, or one or several of"
    " FactAggregator, Item2Vec, Customer2Vec, Node2Vec, SequenceEncoder or an estimator over rows"
)


@dataclass
class Opened:
    """Frames, what each of them is, and where its identifiers and times stand.

    Attributes
    ----------
    frames : dict of name to DataFrame
    identifier : dict of name to list of column names
        Edges have two.
    kinds : dict of name to {"table", "events"}
    times : dict of name to column name or None
    """

    frames: Frames
    identifier: dict[str, list[Name]]
    kinds: dict[str, str]
    times: dict[str, Name | None]

    def tables(self) -> list[str]:
        """Names of the frames that are tables."""
        return [name for name, kind in self.kinds.items() if kind == TABLE]

    def identifiers(self, name: str) -> pd.Index:
        """Return the distinct identifiers of a frame."""
        found: pd.Index = pd.Index(self._ids(name).dropna().unique())
        return found

    def _ids(self, name: str) -> pd.Series:
        frame, columns = self.frames[name], self.identifier[name]
        for column in columns:
            if column not in frame.columns:
                raise ValueError(
                    f"frame {name!r} has no column {column!r}, which its estimator names; it has"
                    f" {list(frame.columns)[:10]!r}"
                )
        return pd.concat([frame[column] for column in columns], ignore_index=True)

    def _check(self) -> None:
        check_types({name: (self.identifier[name][0], self._ids(name)) for name in self.frames})


class Known(Opened):
    """The frames of a `transform`: what they are was decided in `fit`.

    Parameters
    ----------
    frames : dict of name to DataFrame
    views : list of View
    entity : column name

    Raises
    ------
    ValueError
        If an identifier is absent, or of another type than in another frame.
    """

    def __init__(self, frames: Frames, views: list[View], entity: Name) -> None:
        own = {view.frame: view for view in views}
        super().__init__(
            frames,
            {name: _identifier(own[name].estimator, entity) for name in frames},
            {n: TABLE if isinstance(own[n], TableView) else EVENTS for n in frames},
            {view.frame: view.time for view in views},
        )
        for name, frame in frames.items():
            if self.identifier[name] == [entity]:
                self.frames[name] = with_identifier(name, frame, entity)
        self._check()


class Sources(Opened):
    """The frames of a fit, what is to be made of each, and where its time stands.

    Parameters
    ----------
    frames : dict of name to DataFrame
    said : mapping or None
        The parameter `sources`.
    entity : column name
    n_jobs, random_state
        For the estimators that are inferred.

    Raises
    ------
    ValueError
        If `said` names a frame that is not there, or something that cannot read one; if an
        identifier is absent, of two types, or twice in a table.
    """

    def __init__(
        self,
        frames: Frames,
        said: Mapping[str, Any] | None,
        entity: Name,
        n_jobs: int | None,
        random_state: Any,
    ) -> None:
        said = {} if said is None else dict(said)
        for name in said:
            if name not in frames:
                raise ValueError(f"sources has {name!r}, which is no frame of X: {list(frames)!r}")
        self.entity, self.n_jobs, self.random_state = entity, n_jobs, random_state
        self.left_out = [name for name in frames if name in said and said[name] is None]
        self.frames = {name: f for name, f in frames.items() if name not in self.left_out}
        if not self.frames:
            raise ValueError(f"every frame is left out by sources={said!r}; keep at least one")
        self.given = {name: _given(name, said[name]) for name in self.frames if name in said}
        self.identifier = {}
        for name, frame in self.frames.items():
            given = self.given.get(name)
            self.identifier[name] = [entity]
            if isinstance(given, list) and all(_names_ids(one) for one in given):
                self.identifier[name] = _identifier(given[0], entity)
            else:
                self.frames[name] = with_identifier(name, frame, entity)
        self._check()
        self.kinds = {name: self._kind(name) for name in self.frames}
        self.times = {name: self._time(name) for name in self.frames}

    def views(self, earliest: Any) -> list[View]:
        """Decide what to read of each frame, looking at nothing from `earliest` on."""
        found: list[View] = []
        for name, frame in self.frames.items():
            given = self.given.get(name)
            if isinstance(given, list):
                found += [self._configured(name, estimator) for estimator in given]
            elif self.kinds[name] == TABLE:
                found.append(self._table(name, frame))
            else:
                past = before(frame, self.times[name], earliest)
                found += self._events(name, past, given if isinstance(given, dict) else {})
        return found

    # What a frame is

    def _kind(self, name: str) -> str:
        given, frame = self.given.get(name), self.frames[name]
        if given in (TABLE, EVENTS):
            if given == TABLE:
                identified(name, frame, self.entity)
            return str(given)
        if isinstance(given, list):
            rows = [hasattr(one, "reconstruct") for one in given]
            return TABLE if all(rows) else EVENTS
        if isinstance(given, dict):
            return EVENTS
        ids = frame[self.entity].dropna()
        if ids.is_unique:
            return TABLE
        timed = any(family(cells_of(frame[column])) == DATE for column in frame.columns)
        if not timed and ids.nunique() > NEARLY_UNIQUE * len(ids):
            identified(name, frame, self.entity)  # raises, and says what to do
        return EVENTS

    def _time(self, name: str) -> Name | None:
        """Return the column of times of a frame of events: its only one of dates."""
        given, frame = self.given.get(name), self.frames[name]
        if self.kinds[name] == TABLE:
            return None
        if isinstance(given, dict) and "time" in given:
            return given["time"]  # type: ignore[no-any-return]
        told: Name | None = None
        if isinstance(given, list):
            told = next((one.time for one in given if getattr(one, "time", None)), None)
        if told is not None:
            return told
        known = given.get("known_at") if isinstance(given, dict) else None
        dates = [
            column
            for column in frame.columns
            if column != known and family(cells_of(frame[column])) == DATE
        ]
        if len(dates) > 1:
            raise ValueError(
                f"frame {name!r} has {len(dates)} columns of dates, {dates!r}; say which is the"
                f' time of its events: sources={{{name!r}: {{"time": {dates[0]!r}}}}}'
            )
        if not dates and not isinstance(given, list):
            self._refuse_text_dates(name)
        return dates[0] if dates else None

    def _refuse_text_dates(self, name: str) -> None:
        """Refuse events whose time is text: unread, they would be seen whenever they were.

        Raises
        ------
        ValueError
            With the column and how to convert it.
        """
        frame = self.frames[name]
        for column in frame.columns:
            cells = frame[column].dropna().iloc[:LOOKED_AT]
            if column == self.entity or family(cells_of(cells)) != TEXT:
                continue
            reading = infer_reading(Levels.of(column, cells_of(cells)))
            if isinstance(reading, DateText):
                raise ValueError(
                    f"frame {name!r} has no column of dates, but {column!r} holds"
                    f" {cells.iloc[0]!r}, text that reads as one; convert it with"
                    f" pandas.to_datetime, or say that there is no time:"
                    f' sources={{{name!r}: {{"time": None}}}}'
                )

    # What is read of it

    def _table(self, name: str, frame: pd.DataFrame) -> View:
        reads: list[Name] = [column for column in frame.columns if column != self.entity]
        if not reads:
            raise ValueError(
                f"table {name!r} has no column but {self.entity!r}; leave it out with"
                f" sources={{{name!r}: None}}"
            )
        numbers = all(frame[column].dtype.kind == "f" for column in reads)
        view = EmbeddingsView if numbers else TableView
        return view(name, self.entity, None, reads, f"one row each {shown(self.entity)}")

    def _configured(self, name: str, estimator: Any) -> View:
        own = clone(estimator)
        parameters = own.get_params(deep=False)
        if "entity" in parameters and parameters["entity"] is None:
            own.set_params(entity=self.entity)
        if "time" in parameters and parameters["time"] is None:
            own.set_params(time=self.times[name])
        view = view_of(own)
        assert view is not None  # `_given` has looked
        identifier = getattr(own, "entity", self.entity)
        if isinstance(own, Item2Vec) and self.entity in self.frames[name].columns:
            identifier = self.entity  # its histories may be baskets
        time = getattr(own, "time", None)
        return view(name, identifier, time, _reads(own), "as given", own)

    def _events(self, name: str, past: pd.DataFrame, said: dict[str, Any]) -> list[View]:
        """Facts of the columns, and vectors of those with many levels."""
        read: dict[str, list[Name]] = {"values": [], "categories": [], "items": [], "texts": []}
        left: list[str] = []
        baskets: list[Name] = []
        taken = {self.entity, self.times[name], said.get("known_at")}
        taken |= {column for key in ("values", "categories") for column in said.get(key, ())}
        for column in past.columns:
            if column not in taken:
                part, why = _part_of(past, column, self.entity)
                if part == BASKET:
                    baskets.append(column)
                elif part:
                    read[part].append(column)
                if why:
                    left.append(f"{shown(column)} ({why})")
        given = {key: read[key] for key in ("values", "categories")} | said
        given.setdefault("time", self.times[name])
        given.setdefault("windows", _windows(past, given["time"]))
        facts = FactAggregator(self.entity, **given, n_jobs=self.n_jobs)
        note = f"left out: {', '.join(left)}" if left else ""
        if given["time"] is None:
            note = "; ".join(filter(None, [note, "no column of dates: when is not known"]))
        views: list[View] = [
            FactsView(name, self.entity, given["time"], _reads(facts), note, facts)
        ]
        views += [
            self._items(name, past, column, baskets, given["time"]) for column in read["items"]
        ]
        if read["texts"]:
            note = "free text"
            views.append(TextsView(name, self.entity, given["time"], read["texts"], note))
        return views

    def _items(
        self, name: str, past: pd.DataFrame, column: Name, baskets: list[Name], time: Name | None
    ) -> View:
        """Vectors of the levels of a column, learnt from baskets where the log has them."""
        basket = next((one for one in baskets if _holds_several(past, one, column)), None)
        items = Item2Vec(
            self.entity if basket is None else basket,
            column,
            time=time,
            n_components=ITEM_COMPONENTS,
            window=NEIGHBOURS if basket is None else None,
            min_count=FEWEST_OF_AN_ITEM,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        note = f"more than {FEW_LEVELS} levels"
        if basket is not None:
            note += f", learnt from what stands in one {shown(basket)}"
        return ItemsView(name, self.entity, time, [column], note, items)


def sources_frame(sources: Sources, views: list[View]) -> pd.DataFrame:
    """Return what was decided, a row a view, for people."""
    rows = [
        {
            "frame": view.frame,
            "kind": view.kind,
            "rows": len(sources.frames[view.frame]),
            "time": "" if view.time is None else shown(view.time),
            "reads": ", ".join(shown(name) for name in view.reads),
            "estimator": "" if view.estimator is None else " ".join(repr(view.estimator).split()),
            "note": view.note,
        }
        for view in views
    ]
    rows += [{"frame": name, "kind": "left out", "note": "as given"} for name in sources.left_out]
    columns = ["frame", "kind", "rows", "time", "reads", "estimator", "note"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"rows": "Int64"})


def _given(name: str, said: Any) -> Any:
    """Return what the user says of a frame: a word, parameters, or a list of estimators."""
    if isinstance(said, str) and said in (TABLE, EVENTS):
        return said
    if isinstance(said, Mapping):
        known = FactAggregator().get_params(deep=False)
        for key in said:
            if key not in known or key == "entity":
                raise ValueError(f"sources[{name!r}] has {key!r}, no parameter of FactAggregator")
        return dict(said)
    several = list(said) if isinstance(said, (list, tuple)) else [said]
    for one in several:
        if isinstance(one, type) or view_of(one) is None:
            raise ValueError(f"sources[{name!r}] is {one!r}; {_NEED}")
    if not several:
        raise ValueError(f"sources[{name!r}] is empty; {_NEED}")
    return several


def _names_ids(estimator: Any) -> bool:
    """Whether an estimator says itself where the identifiers stand."""
    return getattr(estimator, "source", None) is not None or (
        getattr(estimator, "entity", None) is not None and not isinstance(estimator, Item2Vec)
    )


def _identifier(estimator: Any, entity: Name) -> list[Name]:
    """Return the columns of a frame that hold identifiers."""
    if getattr(estimator, "source", None) is not None:
        return [estimator.source, estimator.target]
    if isinstance(estimator, Item2Vec) or getattr(estimator, "entity", None) is None:
        return [entity]
    return [estimator.entity]


def _reads(estimator: Any) -> list[Name]:
    """Columns that an estimator names."""
    names: list[Name] = []
    for key in ("source", "target", "weight", "item", "values", "categories", "known_at"):
        told = getattr(estimator, key, None)
        for part in told if isinstance(told, (list, tuple)) else [told]:
            names += part if isinstance(part, list) else [part]
    return [name for name in names if name is not None]


def _part_of(past: pd.DataFrame, column: Name, entity: Name) -> tuple[str, str]:
    """Return what a column of events is to be, or why nothing."""
    cells = cells_of(past[column])
    found = family(cells)
    distinct = past[column].nunique() if found in (NUMBER, BOOL, SPAN, TEXT) else 0
    is_category = isinstance(past[column].dtype, pd.CategoricalDtype)
    if found in (NUMBER, BOOL, SPAN, TEXT) and distinct < 2:
        return "", "one value"
    if found in (NUMBER, BOOL, SPAN) and not is_category and not _is_code(past[column], column):
        return "values", ""
    if found not in (NUMBER, BOOL, TEXT, MIXED):
        return "", f"holds {found}"
    if found == MIXED:
        return "", "holds values of several types"
    if distinct <= FEW_LEVELS:
        return "categories", ""
    counts = past[column].value_counts()
    if found == TEXT and is_free([str(text) for text in counts.index], counts.to_numpy()):
        return "texts", ""
    if _share_of_one(past, column, entity) > OF_ONE:
        return BASKET, f"{distinct:,} levels that belong to one {shown(entity)} each"
    return "items", ""


def _holds_several(past: pd.DataFrame, basket: Name, column: Name) -> bool:
    """Whether a basket holds several levels of a column, on average."""
    distinct = past[[basket, column]].drop_duplicates()
    return len(distinct) >= 2 * past[basket].nunique()


def _is_code(values: pd.Series, column: Name) -> bool:
    """Whether whole numbers name something, as their column is called so."""
    whole = values.dtype.kind in "iu" or str(values.dtype).startswith(("Int", "UInt"))
    return whole and called_identifier(column)


def _share_of_one(past: pd.DataFrame, column: Name, entity: Name) -> float:
    """Share of the events whose level of `column` only one identifier has."""
    pairs = past[[entity, column]].value_counts(sort=False).rename("events").reset_index()
    owners = pairs.groupby([column], observed=True)["events"].transform("size")
    return float(pairs.loc[owners == 1, "events"].sum() / max(pairs["events"].sum(), 1))


def _windows(past: pd.DataFrame, time: Name | None) -> list[str | None]:
    """All events, and the last quarter and twelfth of the log in round numbers of days."""
    if time is None or len(past) == 0 or past[time].dtype.kind not in "M":
        return [None]
    days = (past[time].max() - past[time].min()) / pd.Timedelta(1, "D")
    if not days >= 8:
        return [None]
    near = [int(np.abs(np.log(_ROUND_DAYS / (days / part))).argmin()) for part in (4, 12)]
    return [None, *dict.fromkeys(f"{_ROUND_DAYS[at]}D" for at in near)]
