"""What an embedding takes from a frame: each view turns it into columns, a row an identifier."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from entivec.base.values import pack, unpack
from entivec.entity.frames import identified, say
from entivec.entity.moments import Moments, before, later_dates
from entivec.events.encoder import EventEncoder
from entivec.events.facts import FactAggregator
from entivec.graphs.node2vec import Node2Vec
from entivec.rows.base import RowAutoEncoder
from entivec.sequences.encoder import SequenceEncoder
from entivec.table.cells import DATE, Name, cells_of, family, shown
from entivec.tokens.customers import Customer2Vec
from entivec.tokens.items import Item2Vec
from entivec.tokens.reading import Tokens, history_rows

MOST_TEXTS = 20  # of an identifier, the latest
# Who is in no source is missing there, which is no news; how many is in `sources_`.
_NO_NEWS = ("entities have no events", "are without a known item", "asked for have no vector")


@dataclass
class View(ABC):
    """One way to read a frame.

    Attributes
    ----------
    frame : str
        Its name.
    identifier : column name
        Whose rows these are.
    time : column name or None
    reads : list of column names
    note : str
        What was decided, and why.
    estimator : object or None
        Of entivec; fitted by `fit`.
    names : list of str
        Of the columns that `transform` gives.
    missing_share : float
        Of the rows of the last `fit` that are not in the frame.
    """

    kind: ClassVar[str]
    numeric: ClassVar[bool] = True  # its columns are numbers, whatever they look like

    frame: str
    identifier: Name
    time: Name | None = None
    reads: list[Name] = field(default_factory=list)
    note: str = ""
    estimator: Any = None
    names: list[str] = field(default_factory=list)
    missing_share: float = float("nan")

    @abstractmethod
    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Learn from what lies before the earliest cut-off."""

    @abstractmethod
    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the columns of the rows, (n, names), and which rows are in the frame, (n,)."""

    def transform(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """As `columns`, missing where a row is not in the frame, as of the rows' cut-offs."""
        rows = self.in_time(rows)
        with _no_news():
            found, present = self.columns(frame, rows)
        found = found.reset_index(drop=True)
        if not present.all():
            found = self._masked(found, ~present)
        return found, present

    def state(self) -> dict[str, Any]:
        """Return all but the estimator as JSON."""
        return {
            "view": type(self).__name__,
            "frame": self.frame,
            "identifier": pack(self.identifier),
            "time": pack(self.time),
            "reads": [pack(name) for name in self.reads],
            "note": self.note,
            "names": self.names,
            "missing_share": self.missing_share,
        }

    def _masked(self, found: pd.DataFrame, absent: np.ndarray) -> pd.DataFrame:
        return found[~absent].reindex(found.index)

    def in_time(self, rows: Moments) -> Moments:
        """Return rows without cut-offs where the frame has no times.

        Raises
        ------
        ValueError
            If cut-offs were asked for.
        """
        if self.time is not None or rows.cutoff is None:
            return rows
        if rows.asked:
            raise ValueError(
                f"frame {self.frame!r} has no column of times, so that a cut-off cannot be applied"
                f" to it; convert one with pandas.to_datetime, or name it in sources={{"
                f"{self.frame!r}: …}}"
            )
        return rows.without_cutoff()

    def _past(self, frame: pd.DataFrame, rows: Moments) -> pd.DataFrame:
        """Return what lies before the earliest cut-off.

        Raises
        ------
        ValueError
            If nothing does.
        """
        past = before(frame, self.time, self.in_time(rows).earliest)
        if len(past) == 0:
            raise ValueError(
                f"frame {self.frame!r} has no row before the earliest cut-off, {rows.earliest}, so"
                " that nothing can be learnt from it; give later cut-offs, or leave it out with"
                f" sources={{{self.frame!r}: None}}"
            )
        return past

    def _nothing(self, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the columns of a frame without rows."""
        return pd.DataFrame(np.nan, range(len(rows)), self.names), np.zeros(len(rows), dtype=bool)


class TableView(View):
    """The columns of a table that has one row an identifier."""

    kind = "table"
    numeric = False

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Learn nothing: the codec of the joined table does."""
        self.names = [shown(name) for name in self.reads]

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Look the rows up; dates at or after their cut-offs are not known yet, so missing."""
        table = identified(self.frame, frame, self.identifier)
        found = table[self.reads].reindex(rows.ids).reset_index(drop=True)
        present = rows.ids.isin(table.index)
        if rows.asked:
            for at, name in enumerate(self.reads):
                if family(cells_of(found[name])) == DATE:
                    found = self._without_later(found, at, rows)
        return found.set_axis(self.names, axis=1), present

    def in_time(self, rows: Moments) -> Moments:
        """Return the rows: what stands in a table is known at any time, but for later dates."""
        return rows

    def _without_later(self, found: pd.DataFrame, at: int, rows: Moments) -> pd.DataFrame:
        name = found.columns[at]
        later = later_dates(found, name, rows)
        if later.any():
            say(
                f"table {self.frame!r}, column {name!r}: {int(later.sum()):,} of {len(later):,}"
                " dates lie at or after the cut-off and count as missing"
            )
            found[name] = found[name].mask(later)
        return found


class EmbeddingsView(TableView):
    """Ready embeddings: a table that holds nothing but numbers."""

    kind = "embeddings"
    numeric = True


class RowsView(TableView):
    """A table as an estimator over rows embeds it."""

    kind = "rows"
    numeric = True

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Fit on all rows of the table."""
        table = identified(self.frame, frame, self.identifier)
        self.reads = list(table.columns)
        self.estimator.fit(table)
        self.names = _names(self.estimator)

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Embed the rows that the table has."""
        table = identified(self.frame, frame, self.identifier)
        if len(table) == 0:
            return self._nothing(rows)
        codes = pd.DataFrame(np.asarray(self.estimator.transform(table)), table.index, self.names)
        return codes.reindex(rows.ids), rows.ids.isin(table.index)


class FactsView(View):
    """Facts of events, as of the cut-off."""

    kind = "facts"

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Learn the frequent levels."""
        if len(self._past(frame, rows)):
            self.estimator.fit(frame, cutoff=self.in_time(rows).earliest)
        self.names = _names(self.estimator)

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Sum the events up."""
        if len(frame) == 0:
            found, present = self._nothing(rows)
            return self._masked(found, ~present), present
        facts = self.estimator.transform(frame, **rows.of(self.identifier))
        return facts, events_before(frame, self.estimator, rows) > 0

    def _masked(self, found: pd.DataFrame, absent: np.ndarray) -> pd.DataFrame:
        """Leave the counts: that there is nothing is known."""
        about = self.estimator.description_
        counts = about["column"][about["statistic"] == "count"].tolist()
        masked = super()._masked(found, absent)
        masked[counts] = found[counts].fillna(0.0)
        return masked


class TextsView(View):
    """Free text of events, the latest before the cut-off, one after another."""

    kind = "text"
    numeric = False

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Learn nothing: the codec of the joined table does."""
        self.names = [shown(name) for name in self.reads]

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Write the texts of every row together."""
        texts = np.full((len(rows), len(self.names)), None, dtype=object)
        for cutoff, places in rows.groups():
            past = before(frame, self.time, cutoff)
            past = past[past[self.identifier].isin(rows.ids[places])]
            if self.time is not None:
                past = past.iloc[np.argsort(past[self.time].to_numpy(), kind="stable")]
            late = past.groupby([self.identifier], observed=True).tail(MOST_TEXTS)
            for at, name in enumerate(self.reads):
                known = late[late[name].notna()]
                owners = known[self.identifier]
                joined = known[name].groupby(owners, observed=True).agg("\n".join)
                texts[places, at] = joined.reindex(rows.ids[places]).to_numpy(object)
        frame = pd.DataFrame(texts, columns=self.names)
        return frame, frame.notna().any(axis=1).to_numpy()


class ItemsView(View):
    """Vectors of items, averaged over what an identifier had."""

    kind = "items"

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Learn the vectors."""
        self.estimator.fit(self._past(frame, rows))
        item = self.estimator.item
        stem = shown("+".join(map(str, item)) if isinstance(item, list) else item)
        self.names = [f"{stem}_{at}" for at in range(self.estimator.n_components_)]

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Average them."""
        if len(frame) == 0:
            return self._nothing(rows)
        given = rows.of(self.identifier)
        if isinstance(self.estimator, Item2Vec):
            given["by"] = self.identifier
        vectors = np.asarray(self.estimator.transform(frame, **given))
        return pd.DataFrame(vectors, columns=self.names), (vectors != 0).any(axis=1)


class GraphView(View):
    """Vectors of the nodes of a graph."""

    kind = "graph"

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Walk the edges before the earliest cut-off."""
        self.estimator.fit(self._past(frame, rows))
        self.names = _names(self.estimator)

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Look the nodes up; new ones are the mean of their neighbours before the cut-off."""
        vectors = np.zeros((len(rows), len(self.names)), dtype=np.float32)
        for cutoff, places in rows.groups():
            edges = before(frame, self.time, cutoff)
            given = {"edges": edges} if len(edges) else {}
            vectors[places] = np.asarray(self.estimator.transform(rows.ids[places], **given))
        return pd.DataFrame(vectors, columns=self.names), (vectors != 0).any(axis=1)


class SequenceView(View):
    """What a recurrent network has read of the events."""

    kind = "sequence"

    def fit(self, frame: pd.DataFrame, rows: Moments) -> None:
        """Train on the events before the earliest cut-off."""
        self.estimator.fit(self._past(frame, rows))
        self.names = _names(self.estimator)

    def columns(self, frame: pd.DataFrame, rows: Moments) -> tuple[pd.DataFrame, np.ndarray]:
        """Read the events before each cut-off."""
        if len(frame) == 0:
            return self._nothing(rows)
        states = np.asarray(self.estimator.transform(frame, **rows.of(self.identifier)))
        encoder = EventEncoder(self.identifier, time=self.time, n_jobs=self.estimator.n_jobs)
        tokens = Tokens(encoder.fit_transform(frame), np.empty(0, dtype=np.int32))
        seen = history_rows(tokens, **{"entities": None, **rows.of(self.identifier)})
        return pd.DataFrame(states, columns=self.names), seen.end > seen.begin


VIEWS: dict[type, type[View]] = {
    FactAggregator: FactsView,
    Item2Vec: ItemsView,
    Customer2Vec: ItemsView,
    Node2Vec: GraphView,
    SequenceEncoder: SequenceView,
    RowAutoEncoder: RowsView,
}
_EVERY: tuple[type[View], ...] = (TableView, EmbeddingsView, TextsView, *VIEWS.values())
_BY_NAME = {view.__name__: view for view in _EVERY}


def view_of(estimator: Any) -> type[View] | None:
    """Return the view that an estimator makes of a frame."""
    return next((view for kind, view in VIEWS.items() if isinstance(estimator, kind)), None)


def restored(state: dict[str, Any], estimator: Any) -> View:
    """Rebuild the view that `View.state` described."""
    given = dict(state)
    view = _BY_NAME[given.pop("view")]
    for name in ("identifier", "time"):
        given[name] = unpack(given[name])
    given["reads"] = [unpack(name) for name in given["reads"]]
    return view(**given, estimator=estimator)


def events_before(frame: pd.DataFrame, estimator: Any, rows: Moments) -> np.ndarray:
    """Count the events that facts may see of every row, float64 (n,)."""
    counter = FactAggregator(
        estimator.entity,
        time=estimator.time,
        statistics=["count"],
        missing=estimator.missing,
        n_jobs=estimator.n_jobs,
        gap=estimator.gap,
        known_at=estimator.known_at,
    )
    counter.set_output(transform="pandas")
    given = rows.of(estimator.entity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is dropped has been said once
        counted: pd.DataFrame = counter.fit_transform(frame, **given)
    return counted["count"].to_numpy()


def _names(estimator: Any) -> list[str]:
    return [str(name) for name in estimator.get_feature_names_out()]


@contextmanager
def _no_news() -> Iterator[None]:
    with warnings.catch_warnings():
        for text in _NO_NEWS:
            warnings.filterwarnings("ignore", message=f".*{text}")
        yield
