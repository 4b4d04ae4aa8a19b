"""EventEncoder: a long table of events as sorted blocks of times, codes and values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from entivec.base import Saved, estimator, parameter
from entivec.base.common import POSITIVE
from entivec.base.persistence import Arrays
from entivec.base.source import Source
from entivec.events.blocks import EventBlocks
from entivec.events.keys import factorize
from entivec.events.larger import blocks_on_disk, larger_log, learn_vocabularies
from entivec.events.log import ReadsEvents, SortedLog
from entivec.events.periods import tensor_of_periods
from entivec.events.vocabulary import (
    Bins,
    JointVocabulary,
    Levels,
    Vocabulary,
    pack_vocabularies,
    read_vocabularies,
)
from entivec.table.blocks import FIRST_LEVEL, MISSING, OTHER
from entivec.table.cells import NUMBER, SPAN, Cells, Name, cells_of, column_error, family
from entivec.table.continuous import finite_floats

if TYPE_CHECKING:
    from typing_extensions import Self

Token: TypeAlias = "Hashable | list[Hashable]"


@estimator
class EventEncoder(ReadsEvents, Saved):
    """Event logs as blocks: sorted by entity and time, categories as codes, numbers as they are.

    Every family that reads events starts from here: facts, tokens, sequences, offers.

    {parameters}

    Attributes
    ----------
    vocabularies_ : list
        Of each category: its `names` by code, and `counts`, the training events by code.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec import EventEncoder
    >>> log = pd.DataFrame(
    ...     {"who": ["b", "a", "b"],
    ...      "day": pd.to_datetime(["2024-05-02", "2024-05-01", "2024-05-01"]),
    ...      "what": ["pear", "fig", "fig"], "paid": [3.0, 2.0, 2.5]}
    ... )
    >>> encoder = EventEncoder("who", time="day", categories=["what"], values=["paid"])
    >>> blocks = encoder.fit_transform(log)
    >>> blocks.entities.tolist(), blocks.offsets.tolist(), blocks.rows.tolist()
    (['a', 'b'], [0, 1, 3], [1, 2, 0])
    >>> blocks.codes[:, 0].tolist(), encoder.inverse(blocks.codes[:, 0]).tolist()
    ([2, 2, 3], ['fig', 'fig', 'pear'])
    """

    _fitted = "vocabularies_"

    categories: Sequence[Token] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names, or of lists of them",
        meaning="""
        Each becomes a column of codes. The columns of a list form one token, such as
        ``["event", "page", "country"]``; where fewer than `min_count` events have it, columns are
        dropped from its right until enough do. Numbers with fractions, and those named in `cut`,
        are cut at training quantiles first.""",
    )
    values: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="Numbers, truth values or time spans (in days), kept as float64.",
    )
    min_count: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning="Levels and tokens with fewer training events are *other*, code 1.",
    )
    max_items: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Most levels or tokens that a category keeps, the most frequent.",
    )
    bins: int = parameter(
        default=10,
        allowed=[Interval(Integral, 2, None, closed="left")],
        kind="int",
        meaning="Quantile bins of a number that is a category.",
    )
    cut: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="Categories of whole numbers to cut into bins too.",
    )

    def fit(self, events: Any, y: Any = None) -> Self:
        """Learn the vocabularies.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
            One row an event.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a column is missing, or holds what it cannot: an infinite number, a time that
            cannot be read, a list in a cell. The estimator is left as it was.
        """
        self._check_parameters()
        source = self._larger(events)
        if source is None:
            self.fit_transform(events)
        else:
            self.vocabularies_ = learn_vocabularies(self, source)
        return self

    def fit_transform(self, events: Any, y: Any = None) -> EventBlocks:
        """Learn the vocabularies and return the blocks of the same events, read once.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        y : ignored

        Returns
        -------
        EventBlocks
            Of a log that is larger than its memory, in temporary files.
        """
        self._check_parameters()
        source = self._larger(events)
        if source is not None:
            self.vocabularies_ = learn_vocabularies(self, source)
            return blocks_on_disk(self, source)
        log = self._sorted(events)
        tokens = self._tokens()
        codes = np.empty((len(log), len(tokens)), dtype=np.int32)
        vocabularies = [self._fit_token(log, names, codes, at) for at, names in enumerate(tokens)]
        blocks = _blocks(log, codes, log.values(tuple(self.values)))
        self.vocabularies_ = vocabularies
        return blocks

    def transform(self, events: Any) -> EventBlocks:
        """Return the blocks of other events, with the vocabularies of `fit`.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``

        Returns
        -------
        EventBlocks
            Levels and tokens that training did not see have code 1.
        """
        check_is_fitted(self, "vocabularies_")
        source = self._larger(events)
        return self._transform(events) if source is None else blocks_on_disk(self, source)

    def _transform(self, events: Any) -> EventBlocks:
        """Return the blocks of events that fit in memory."""
        log = self._sorted(events)
        codes = np.empty((len(log), len(self.vocabularies_)), dtype=np.int32)
        for at, vocabulary in enumerate(self.vocabularies_):
            raw = [part.encode(log.columns.cells(part.name)) for part in vocabulary.columns]
            log.put(vocabulary.code(raw), codes, at)
        return _blocks(log, codes, log.values(tuple(self.values)))

    def periods(
        self,
        events: Any,
        *,
        period: Any = "30D",
        count: int = 12,
        value: Name | None = None,
        category: int = 0,
        cutoff: Any = None,
        entities: Any = None,
    ) -> pd.DataFrame:
        """Return entities by products by periods: how many events, or the total of a value.

        `ConvAutoEncoder` reads it with products as positions and their periods as channels.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        period : str or Timedelta, default "30D"
            How long a period is: "7D", "12h", "1 month" (months of the calendar).
        count : int, default 12
            Periods, counted back from the cut-off; older events are left out.
        value : column name or None
            One of `values`, which is added up, missing ones left out; None counts events.
        category : int, default 0
            Position in `categories` of what products are. Events of a product that training does
            not know, or has pooled, are left out.
        cutoff : time, Series by entity, frame of pairs, or None
            Only events before it are seen. A frame has a column named like `entity` and one of
            times, and may ask for several dates of an entity. None is after the last event.
        entities : Index or None
            These in this order; one without events has zeros, and is counted in a warning. None
            for all that have events before the cut-off.

        Returns
        -------
        DataFrame of shape (rows, products · count), float32
            Columns of two levels: products by falling frequency, and periods from ``-count``, the
            oldest, to -1, which ends at the cut-off. Index: the entities, or pairs of entity and
            cut-off.

        Raises
        ------
        ValueError
            If there are no times, or a parameter cannot be used.

        Examples
        --------
        >>> import pandas as pd
        >>> import entivec
        >>> days = pd.to_datetime(["2024-01-05", "2024-02-01", "2024-02-09", "2024-02-10"])
        >>> log = pd.DataFrame({"who": ["a", "a", "b", "b"], "day": days,
        ...                     "what": ["fig", "fig", "pear", "fig"]})
        >>> encoder = entivec.EventEncoder("who", time="day", categories=["what"]).fit(log)
        >>> frame = encoder.periods(log, period="1 month", count=2, cutoff="2024-03-01")
        >>> frame.loc["a", "fig"].tolist(), frame.loc["b"].tolist()
        ([1.0, 1.0], [0.0, 1.0, 0.0, 1.0])
        """
        check_is_fitted(self, "vocabularies_")
        blocks = self.transform(events)
        return tensor_of_periods(self, blocks, period, count, value, category, cutoff, entities)

    def inverse(self, codes: npt.ArrayLike, category: int = 0) -> np.ndarray:
        """Return what codes stand for.

        Parameters
        ----------
        codes : array-like of int, of any shape
        category : int, default 0
            Position in `categories`.

        Returns
        -------
        ndarray of the same shape, object
            Values; tuples of values for joined columns; None for 0 and "other" for 1.

        Raises
        ------
        ValueError
            If a code is none of the category's.
        """
        check_is_fitted(self, "vocabularies_")
        given = np.asarray(codes)
        names = self.vocabularies_[category].names()
        if given.size and not 0 <= given.min() <= given.max() < len(names):
            raise ValueError(
                f"codes holds {given.min() if given.min() < 0 else given.max()}; category "
                f"{category} has the codes 0 to {len(names) - 1}"
            )
        table = np.empty(len(names), dtype=object)
        table[:] = names
        return np.asarray(table[given])

    def vocabulary(self, category: int = 0) -> pd.DataFrame:
        """Return the codes of a category: name and number of training events.

        Parameters
        ----------
        category : int, default 0
            Position in `categories`.

        Returns
        -------
        DataFrame of shape (codes, 2), indexed by code
        """
        check_is_fitted(self, "vocabularies_")
        vocabulary = self.vocabularies_[category]
        names = self.inverse(np.arange(len(vocabulary)), category)
        table = {"name": names, "count": vocabulary.counts}
        return pd.DataFrame(table, index=pd.RangeIndex(len(names), name="code"))

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabularies as JSON and arrays."""
        documents, arrays = pack_vocabularies(self.vocabularies_)
        return {"vocabularies": documents}, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        self.vocabularies_ = read_vocabularies(document["vocabularies"], arrays)

    def _tokens(self) -> list[list[Name]]:
        tokens = [list(t) if isinstance(t, list) else [t] for t in self.categories]
        for names in tokens:
            if not names:
                raise ValueError("categories holds an empty list; name the columns of each token")
        return tokens

    def _sorted(self, events: Any) -> SortedLog:
        return self._read(events, self._named_columns())

    def _named_columns(self) -> list[Name]:
        return [*(name for names in self._tokens() for name in names), *self.values]

    def _larger(self, events: Any) -> Source | None:
        """Return the columns read of a log that is larger than its memory; None for others."""
        return larger_log(self, events, self._named_columns())

    def _fit_token(
        self, log: SortedLog, names: list[Name], codes: np.ndarray, at: int
    ) -> Vocabulary | JointVocabulary:
        """Learn one category and write its codes."""
        if len(names) > 1:
            read = [self._fit_column(name, log.columns.cells(name), log.sorted) for name in names]
            parts, raws = zip(*read, strict=True)
            joint, found = JointVocabulary.fit(list(parts), raws, self.min_count, self.max_items)
            codes[:, at] = found
            return joint
        column, raw = self._fit_column(names[0], log.columns.cells(names[0]), log.sorted)
        vocabulary, code_of = Vocabulary.fit(column, raw, self.min_count, self.max_items)
        np.take(code_of, raw, out=codes[:, at])
        return vocabulary

    def _fit_distinct(self, names: list[Name], table: pd.DataFrame) -> Any:
        """Learn one category from its distinct cells and, in the last column, their numbers."""
        times, own = table.iloc[:, -1].to_numpy(), [cells_of(table[name]) for name in names]
        read = [
            self._fit_column(name, cells, lambda column: column, times)
            for name, cells in zip(names, own, strict=True)
        ]
        if len(names) == 1:
            column, raw = read[0]
            return Vocabulary.fit(column, raw, self.min_count, self.max_items, times)[0]
        parts, raws = zip(*read, strict=True)
        return JointVocabulary.fit(list(parts), raws, self.min_count, self.max_items, times)[0]

    def _fit_column(
        self,
        name: Name,
        cells: Cells,
        in_order: Callable[[np.ndarray], np.ndarray],
        times: np.ndarray | None = None,
    ) -> tuple[Levels | Bins, np.ndarray]:
        """Return a column's values and its raw codes in the order of the events."""
        if name in list(self.cut) or _has_fractions(name, cells):
            numbers = in_order(self._numbers(name, cells))
            bins = Bins.fit(name, numbers, self.bins, times)
            return bins, bins.code(numbers)
        positions, index = factorize(name, cells)
        positions += FIRST_LEVEL
        positions[positions == OTHER] = MISSING  # it was -1
        return Levels(name, index), in_order(positions)

    def _numbers(self, name: Name, cells: Cells) -> np.ndarray:
        if family(cells) not in (NUMBER, SPAN):
            column_error(name, "is named in cut= and holds no numbers", "leave it out there")
        return finite_floats(name, cells)


def _has_fractions(name: Name, cells: Cells) -> bool:
    if getattr(cells.dtype, "kind", "") not in "fO" or family(cells) != NUMBER:
        return False
    values = finite_floats(name, cells)
    return bool((values[~np.isnan(values)] % 1 != 0).any())


def _blocks(log: SortedLog, codes: np.ndarray, values: np.ndarray) -> EventBlocks:
    return EventBlocks(
        entities=log.entities,
        offsets=log.offsets,
        rows=log.rows,
        times=log.times,
        unit=log.unit,
        zone=log.zone,
        codes=codes,
        values=values,
    )
