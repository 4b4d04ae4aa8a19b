"""SequenceEncoder: what a recurrent network has read of an entity, as its embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from entivec.base import Embedder, NamedRows, estimator
from entivec.sequences.fitting import fit_sequences
from entivec.sequences.next_events import next_events
from entivec.sequences.parameters import SequenceParameters
from entivec.sequences.state import SavedSequences
from entivec.table.guides import Guide, check_guide_weight

if TYPE_CHECKING:
    from typing_extensions import Self


@estimator
class SequenceEncoder(NamedRows, SavedSequences, SequenceParameters, Embedder):
    """Networks that read an entity's events one by one; their states are its embedding.

    An event enters as the embeddings of its categories, its scaled values (skewed ones as
    logarithms), the logarithm of the time since the event before, and sines and cosines of the
    time of day, week and year. A GRU or an LSTM reads the events in order; the mean of its states,
    or the last one, is the embedding. It learns by one of three objectives:

    - ``"next"``: after every event, say the next one: each category by a softmax over all its
      levels (above 50,000 over a sample), the time to it and its values by their means
    - ``"reconstruct"``: a decoder says all events again, from the embedding
    - ``"contrastive"``: slices of one entity's events lie near each other, those of others apart
      (CoLES, Babaev et al. 2022)

    Targets in `fit` guide any of them. ``cell="none"`` is the control that knows no order: the mean
    of the events so far, and two dense layers.

    An embedding depends on nothing but the entity's own events, bit by bit. An entity without any
    has the state in which the network begins to read.

    {parameters}

    Attributes
    ----------
    history_ : DataFrame
        One row an epoch: losses, the held-out one by part, the share of gradients that were
        clipped, learning rate, seconds.
    n_components_ : int
    n_iter_ : int
        Steps made.

    References
    ----------
    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder"; Hochreiter &
    Schmidhuber 1997, "Long short-term memory"; Babaev et al. 2022, "CoLES: contrastive learning for
    event sequences with self-supervision"; Zolna & Romański 2016, "User2Vec".

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import entivec
    >>> days = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(60) % 12, unit="D")
    >>> visits = pd.DataFrame({"customer": np.arange(60) // 12, "day": days,
    ...                        "page": np.tile(["home", "search", "cart"], 20)})
    >>> model = entivec.SequenceEncoder("customer", time="day", categories=["page"], hidden=16,
    ...                                 learning_rate=0.01, max_epochs=60).fit(visits)
    >>> model.transform(visits).shape
    (5, 16)
    >>> len(model.predict_next(visits, n=1))
    5
    """

    _fitted: ClassVar[str] = "network_"

    def fit(self, events: Any, y: Any = None, *, cutoff: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
            One row an event.
        y : Series or DataFrame indexed by entity, or None
            Targets that guide the embedding: classes or numbers, several of them, some missing.
            They meet the events by identifier.
        cutoff : time, Series by entity, frame of pairs, or None
            Only events before it are seen, see `transform`; give it where `y` says what happened
            after it.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a column, a time or a target cannot be used.
        FloatingPointError
            If training diverges.
        """
        self._check_parameters()
        fit_sequences(self, events, y, cutoff)
        return self

    def fit_transform(self, events: Any, y: Any = None, *, cutoff: Any = None) -> pd.DataFrame:
        """Train, and return the embeddings of the same entities: ``fit``, then ``transform``."""
        return self.fit(events, y, cutoff=cutoff).transform(events, cutoff=cutoff)

    def transform(self, events: Any, *, cutoff: Any = None, entities: Any = None) -> pd.DataFrame:
        """Return the embeddings of entities.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        cutoff : time, Series by entity, frame of pairs, or None
            Events at or after it are not seen. A frame has a column named like `entity` and one of
            times, and may ask for several dates of an entity.
        entities : Index or None
            These in this order; one without events has the state that the network begins with, and
            is counted in a warning. None for all that have events before the cut-off.

        Returns
        -------
        DataFrame of shape (rows, n_components), float32
            Index: the entities, or entity and cut-off where pairs were given.
        """
        check_is_fitted(self)
        reading = self._read_log(events, cutoff, entities)
        embedding, _ = self.network_.embed(reading.log, self._threads())
        frame = self._frame(embedding, reading.index)
        named: pd.DataFrame = self._named(frame)
        return named

    def trace(self, events: Any) -> pd.DataFrame:
        """Return the state after every event, which knows that event and those before it.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``

        Returns
        -------
        DataFrame of shape (events, n_components), float32
            In the order and with the index of `events`; events without an entity or a time are
            left out.
        """
        check_is_fitted(self)
        reading = self._read_log(events, None, None)
        states = self.network_.trace(reading.log, self._threads())
        order = np.argsort(reading.rows, kind="stable")
        rows = reading.rows[order]
        index = events.index[rows] if isinstance(events, pd.DataFrame) else pd.Index(rows)
        return self._frame(states[order], index)

    def predict_next(
        self,
        events: Any,
        n: int = 10,
        *,
        cutoff: Any = None,
        entities: Any = None,
        exclude_seen: bool = False,
        after: str = "last",
    ) -> pd.DataFrame:
        """Say what comes next: the most probable levels of the first category, and when.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        n : int, default 10
            Levels an entity.
        cutoff, entities
            As in `transform`.
        exclude_seen : bool, default False
            Leave out what the entity has had.
        after : {"last", "every"}, default "last"
            After the last event of an entity, or after every event.

        Returns
        -------
        DataFrame
            One row a level: the entity (after every event, the event's index too), ``rank`` from 1,
            the level in a column named like the category, its ``probability``, then ``gap``, the
            expected time to the event, and the expected values.

        Raises
        ------
        ValueError
            If the objective is contrastive, which says no events, or there are no categories.
        """
        check_is_fitted(self)
        if n < 1:
            raise ValueError(f"n is {n}; give at least 1")
        return next_events(self, events, n, cutoff, entities, exclude_seen, after)

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict(self, events: Any, *, cutoff: Any = None, entities: Any = None) -> Any:
        """Predict the targets from the embedding, by the head that guided it.

        Only after a fit with `y`.

        Parameters
        ----------
        events, cutoff, entities
            As in `transform`.

        Returns
        -------
        Series or DataFrame
            As `y` was, indexed like the embedding.
        """
        guide, outputs, index = self._guess(events, cutoff, entities)
        return guide.predict(outputs, index)

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict_proba(self, events: Any, *, cutoff: Any = None, entities: Any = None) -> Any:
        """Probabilities of the classes of every target that has classes.

        Only after a fit with `y`.

        Parameters
        ----------
        events, cutoff, entities
            As in `transform`.

        Returns
        -------
        DataFrame of shape (rows, classes), or dict of target name to such DataFrames
        """
        guide, outputs, index = self._guess(events, cutoff, entities)
        return guide.predict_proba(outputs, index)

    def _guess(self, events: Any, cutoff: Any, entities: Any) -> tuple[Guide, np.ndarray, pd.Index]:
        reading = self._read_log(events, cutoff, entities)
        embedding, _ = self.network_.embed(reading.log, self._threads())
        guide = self.network_.guide
        assert guide is not None  # what makes predict available
        return guide, self.network_.guess(embedding, self._threads()), reading.index

    def _has_guide(self) -> bool:
        if hasattr(self, "network_") and self.network_.guide is None:
            raise AttributeError(
                "This SequenceEncoder was fitted without targets; fit(events, y) to predict."
            )
        return hasattr(self, "network_")

    def _frame(self, states: np.ndarray, index: pd.Index) -> pd.DataFrame:
        return pd.DataFrame(states, index=index, columns=self.get_feature_names_out())

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_limits()
        check_guide_weight(self.guide_weight)
        if self.time is None and not len(self.categories) and not len(self.values):
            raise ValueError("time, categories and values are all empty; name at least one column")
