"""HistoryEncoder: customers as vectors of what they did, and what they will want next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.base import Embedder, NamedRows, estimator
from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.base.top import top_places
from entivec.events.encoder import EventEncoder
from entivec.offers.history_network import HistoryNetwork
from entivec.offers.parameters import EVENT_PARAMETERS, HistoryParameters
from entivec.offers.reading import Histories, encode_customers, read_histories
from entivec.offers.training import OfferTraining, check_widths, train
from entivec.offers.words import Words
from entivec.table.blocks import FIRST_LEVEL, Blocks
from entivec.table.encoder import TableEncoder

if TYPE_CHECKING:
    from typing_extensions import Self

AT_A_TIME = 1024  # customers whose items are ranked together


class FittedHistories(Embedder):
    """What a fitted encoder has."""

    encoder_: EventEncoder
    words_: Words | None
    customers_: TableEncoder | None
    network_: HistoryNetwork
    history_: pd.DataFrame
    n_iter_: int


@estimator
class HistoryEncoder(NamedRows, HistoryParameters, FittedHistories):
    """Customers as vectors of what they did; items as vectors of who wants them.

    The mean of the vectors of a customer's items, the mean of the vectors of what it searched for
    (words and pairs of words), the age of the example and the encoded row of the customer go
    through layers of relu, and what these say is added to the mean of the items' vectors: the
    customer's vector. It is trained to say, of all items, one that came later: every customer has
    as many examples, each drawn anew, with the events strictly before it as its history. Items are
    scored by the product of their vectors with the customer's, and their bias. This is the
    candidate model of Covington et al. 2016, but that layers there have to learn the mean, too, and
    that an item has two vectors there (`tied`).

    A vector depends on nothing but the customer's own events and row, bit by bit. A customer
    without events is scored by its row alone.

    {parameters}

    Attributes
    ----------
    item_vectors_ : DataFrame of shape (items, n_components)
        What customers' vectors are multiplied with, indexed by item.
    item_bias_ : Series indexed by item
        What is added.
    history_ : DataFrame
        One row an epoch: losses, learning rate, seconds.
    n_components_ : int
    n_iter_ : int
        Steps made.

    References
    ----------
    Covington, Adams & Sargin 2016, "Deep neural networks for YouTube recommendations".

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import entivec
    >>> rng = np.random.default_rng(0)
    >>> taste = rng.integers(0, 2, 60)
    >>> orders = pd.DataFrame({"customer": np.repeat(np.arange(60), 5), "day": np.arange(300) % 5,
    ...     "product": [f"{'ab'[t]}{rng.integers(0, 6)}" for t in np.repeat(taste, 5)]})
    >>> model = entivec.HistoryEncoder("customer", "product", time="day", hidden=(),
    ...                                batch_size=16, learning_rate=0.01)
    >>> said = model.fit(orders).recommend(orders, n=1)
    >>> float((said["product"].str[0] == np.array(["a", "b"])[taste]).mean())
    1.0
    """

    _fitted: ClassVar[str] = "network_"

    def fit(self, events: Any, customers: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
            One row an event: of the training period alone.
        customers : DataFrame indexed by customer, or None
            What is known of them; customers of `events` without a row have a missing one.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a column, a time or a row of customers cannot be used.
        FloatingPointError
            If training diverges.
        """
        self._check_parameters()
        encoder = EventEncoder(
            **{name: getattr(self, name) for name in EVENT_PARAMETERS},
            categories=[self.item],
            n_jobs=self.n_jobs,
        )
        blocks = encoder.fit_transform(events)
        words = None
        if self.search is not None:
            words = Words.fit(self.search, events, blocks.rows, self.min_count)
        histories = read_histories(blocks, words, events, None, None)
        table = rows = None
        if customers is not None:
            table = TableEncoder() if self.customers is None else clone(self.customers)
            rows = encode_customers(table, customers, blocks.entities, fit=True)
        network = self._network(encoder, words, table)
        training = self._train(network, histories, rows)
        self.encoder_, self.words_, self.customers_ = encoder, words, table
        self.network_ = network
        self.n_components_ = int(network.sizes["components"])
        self.history_ = training.history()
        self.n_iter_ = training.state.step
        return self

    def fit_transform(self, events: Any, customers: Any = None) -> pd.DataFrame:
        """Train, and return the vectors of the same customers: ``fit``, then ``transform``."""
        return self.fit(events, customers).transform(events, customers)

    def transform(
        self, events: Any, customers: Any = None, *, cutoff: Any = None, entities: Any = None
    ) -> pd.DataFrame:
        """Return the vectors of customers, as of now or of a cut-off.

        Parameters
        ----------
        events : DataFrame, or any frame with ``__arrow_c_stream__``
        customers : DataFrame indexed by customer, or None
            As in `fit`, with the same columns.
        cutoff : time, Series by customer, frame of pairs, or None
            Events at or after it are not seen.
        entities : Index or None
            These customers in this order, those without events too. None for all that have events
            before the cut-off.

        Returns
        -------
        DataFrame of shape (rows, n_components), float32
            Index: the customers, or customer and cut-off where pairs were given.
        """
        vectors, histories = self._vectors(events, customers, cutoff, entities)
        columns = self.get_feature_names_out()
        frame = pd.DataFrame(vectors, index=histories.rows.index, columns=columns)
        named: pd.DataFrame = self._named(frame)
        return named

    def recommend(
        self,
        events: Any,
        customers: Any = None,
        n: int = 10,
        exclude_seen: bool = True,
        *,
        cutoff: Any = None,
        entities: Any = None,
    ) -> pd.DataFrame:
        """Say which items customers will want next.

        Parameters
        ----------
        events, customers, cutoff, entities
            As in `transform`.
        n : int, default 10
            Items a customer.
        exclude_seen : bool, default True
            Leave out what the customer has had.

        Returns
        -------
        DataFrame
            One row an item: the customer, ``rank`` from 1, the item in a column named like `item`,
            and ``score``, its log-odds against the others up to a constant of the customer.
        """
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n is {n!r}; give a whole number of at least 1")
        vectors, histories = self._vectors(events, customers, cutoff, entities)
        rows, threads = histories.rows, self._threads()
        items = self.item_vectors_.index
        n = min(int(n), len(items))
        place = np.empty((len(vectors), n), dtype=np.int64)
        best = np.empty((len(vectors), n), dtype=np.float32)
        codes = histories.items
        for first in range(0, len(vectors), AT_A_TIME):
            part = slice(first, first + AT_A_TIME)
            scores = self.network_.scores(vectors[part], threads)
            if exclude_seen:
                for row, (begin, end) in enumerate(
                    zip(rows.begin[part], rows.end[part], strict=True)
                ):
                    seen = codes[begin:end]
                    scores[row, seen[seen >= FIRST_LEVEL] - FIRST_LEVEL] = -np.inf
            place[part] = top_places(scores, n)
            best[part] = np.take_along_axis(scores, place[part], axis=1)
        owner = rows.index[np.repeat(np.arange(len(vectors)), n)]
        tidy = owner.to_frame(index=False)
        tidy["rank"] = np.tile(np.arange(1, n + 1), len(vectors))
        tidy[self._item_name()] = items.take(place.ravel())
        tidy["score"] = best.ravel()
        return tidy[best.ravel() > -np.inf].reset_index(drop=True)

    @property
    def item_vectors_(self) -> pd.DataFrame:
        """Vectors of the items that can be recommended."""
        table = self._items()
        return pd.DataFrame(
            table[:, :-1], index=self._item_index(), columns=self.get_feature_names_out()
        )

    @property
    def item_bias_(self) -> pd.Series:
        """What every item is scored with beside the product of the vectors."""
        return pd.Series(self._items()[:, -1], index=self._item_index(), name="bias")

    def _items(self) -> np.ndarray:
        check_is_fitted(self)
        return self.network_.items()

    def _item_index(self) -> pd.Index:
        names = self.encoder_.vocabulary()["name"].iloc[FIRST_LEVEL:].tolist()
        joint = any(isinstance(name, tuple) for name in names)
        index: pd.Index = pd.Index(names, dtype=object if joint else None, tupleize_cols=False)
        return index.rename(self._item_name())

    def _item_name(self) -> Any:
        return "+".join(map(str, self.item)) if isinstance(self.item, list) else self.item

    def _vectors(
        self, events: Any, customers: Any, cutoff: Any, entities: Any
    ) -> tuple[np.ndarray, Histories]:
        check_is_fitted(self)
        self._check_customers(customers)
        blocks = self.encoder_.transform(events)
        histories = read_histories(blocks, self.words_, events, cutoff, entities)
        known: Blocks | None = None
        if self.customers_ is not None:
            known = encode_customers(self.customers_, customers, histories.rows.entities)
        return self.network_.embed(histories, known, self._threads()), histories

    def _check_customers(self, customers: Any) -> None:
        if self.customers_ is not None and customers is None:
            raise ValueError(
                "customers is missing: the model was fitted with a table of customers; give theirs"
            )
        if self.customers_ is None and customers is not None:
            raise ValueError(
                "customers is given, but the model was fitted without; leave it out or fit(events,"
                " customers)"
            )

    def _network(
        self, encoder: EventEncoder, words: Words | None, table: TableEncoder | None
    ) -> HistoryNetwork:
        counts = np.asarray(encoder.vocabularies_[0].counts)
        if len(counts) <= FIRST_LEVEL:
            raise ValueError(
                f"no item is left: none of column {self.item!r} has min_count={self.min_count}"
                " events; lower it"
            )
        sizes = {
            "items": len(counts),
            "tokens": 0 if words is None else len(words.known),
            "age": bool(self.age and self.ordered and self.time is not None),
            "hidden": [int(width) for width in self.hidden],
            "components": int(self.n_components),
            "max_length": int(self.max_length),
            "tied": bool(self.tied),
            "ordered": bool(self.ordered),
            "held_out": float(self.held_out),
            "full_softmax": int(self.full_softmax),
        }
        layout = None if table is None else table.layout_
        return HistoryNetwork(sizes, np.empty(0, dtype=np.float32), layout)

    def _train(
        self, network: HistoryNetwork, histories: Histories, rows: Blocks | None
    ) -> OfferTraining:
        model = _core.HistoryModel(network.net, network.log(histories), network.table(rows))
        teach = np.flatnonzero(model.labels > 0).astype(np.int64)
        if len(teach) < 2:
            raise ValueError(
                f"{len(teach)} of {len(model.labels)} customers have an item and something before"
                " it; give a log with at least two of them"
            )

        def start(customers: np.ndarray) -> np.ndarray:
            rows, items = histories.rows, histories.items
            edges = np.zeros(len(items) + 1, dtype=np.int64)
            np.add.at(edges, rows.begin[customers], 1)
            np.add.at(edges, rows.end[customers], -1)
            seen = items[edges.cumsum()[:-1] > 0]
            counts = np.bincount(seen, minlength=network.sizes["items"])
            share = counts[FIRST_LEVEL:] / max(counts[FIRST_LEVEL:].sum(), 1)
            initial: np.ndarray = network.net.initialise(self._seed(), share.tolist())
            return initial

        return train(self, network, model, teach, self.examples, start)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_limits()
        if self.item is None:
            raise ValueError(
                "item is None; name the column that says what was had, such as"
                " HistoryEncoder('customer_id', 'product')"
            )
        check_widths(self.hidden)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted encoder, its parameters left out, as JSON and named arrays."""
        encoder, arrays = self.encoder_.to_state()
        document = {
            "encoder": encoder,
            "words": None if self.words_ is None else self.words_.to_state(),
            "sizes": self.network_.sizes,
            "history": self.history_.to_dict("list"),
            "n_iter": self.n_iter_,
        }
        arrays = prefixed("encoder.", arrays) | {"params": self.network_.params}
        if self.customers_ is not None:
            document["customers"], own = self.customers_.to_state()
            arrays |= prefixed("customers.", own)
        return document, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        encoder = EventEncoder(
            **{name: getattr(self, name) for name in EVENT_PARAMETERS},
            categories=[self.item],
            n_jobs=self.n_jobs,
        )
        encoder._restore(document["encoder"], under("encoder.", arrays))
        words, table = document["words"], None
        if "customers" in document:
            table = TableEncoder.from_state(document["customers"], under("customers.", arrays))
        layout = None if table is None else table.layout_
        network = HistoryNetwork(document["sizes"], arrays["params"], layout)
        check_array("params", arrays["params"], np.float32, (network.net.num_params,))
        self.encoder_, self.customers_, self.network_ = encoder, table, network
        self.n_components_ = int(network.sizes["components"])
        self.words_ = None if words is None else Words.from_state(words)
        self.history_ = pd.DataFrame(document["history"])
        self.n_iter_ = document["n_iter"]
