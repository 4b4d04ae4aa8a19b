"""OfferModel: how likely customers are to take offers, which are queries over attributes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.base import Saved, Seeded, Threaded, Verbose, estimator
from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.events.encoder import EventEncoder
from entivec.events.times import US
from entivec.offers.model_parameters import OfferParameters
from entivec.offers.offer_network import OfferNetwork
from entivec.offers.reading import encode_customers, missing_rows
from entivec.offers.training import OfferTraining, check_widths, train
from entivec.offers.transactions import Offer, Transactions, shown
from entivec.table.blocks import Blocks
from entivec.table.encoder import TableEncoder

if TYPE_CHECKING:
    from typing_extensions import Self

TICKS_PER_DAY = {US: 86_400e6, "ns": 86_400e9}


class FittedOffers(Saved):
    """What a fitted model has."""

    transactions_: Transactions
    customers_: TableEncoder | None
    known_: Blocks | None
    activity_: pd.Series
    network_: OfferNetwork
    history_: pd.DataFrame
    n_iter_: int


@estimator
class OfferModel(OfferParameters, Seeded, Threaded, Verbose, FittedOffers):
    """Who will take an offer, whatever it is: a product, a brand, "baby food, organic or cheap".

    An offer is a query over the attributes of transactions; what the model knows of it are the mean
    and the variance of the embeddings of the training transactions that match. In training, keys
    drawn by chance group each step's transactions into offers of all kinds (group-by augmentation),
    a share of which are merged as "or" would. A customer is the mean embedding of its past, and its
    row of a table. Both are compressed into a few meta-features that interact by a kernel. Whom an
    offer is compared among are the customers of transactions at the same time; how often they are
    there is added to the score (as "logQ" is for items that are sampled: Yi et al. 2019).

    {parameters}

    Attributes
    ----------
    vectors_ : DataFrame of shape (customers, meta_features * width)
        Of all customers of the transactions, as of their end.
    history_ : DataFrame
        One row an epoch: losses, learning rate, seconds.
    activity_ : Series indexed by customer
        Transactions of each, weighted by `half_life`.
    transactions_ : Transactions
        What offers are made of: the training period alone.
    n_iter_ : int
        Steps made.

    References
    ----------
    Tinyclues 2022, "Group-by data augmentation for e-commerce datasets" and "Universal machine
    learning approach for targeted marketing campaigns"; Wang et al. 2021, "MaskNet"; Huang et al.
    2019, "FiBiNET"; Yi et al. 2019, "Sampling-bias-corrected neural modeling".

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import entivec
    >>> rng = np.random.default_rng(0)
    >>> taste = rng.integers(0, 2, 80)
    >>> kind = np.array(["tea", "coffee"])[np.repeat(taste, 10)]
    >>> sales = pd.DataFrame({"customer": np.repeat(np.arange(80), 10), "kind": kind,
    ...                       "product": [f"{k}{rng.integers(0, 9)}" for k in kind],
    ...                       "day": rng.integers(0, 90, 800)})
    >>> model = entivec.OfferModel("customer", ["product", "kind"], time="day", batch_size=16,
    ...                            max_epochs=20)
    >>> who = model.fit(sales).audience({"kind": "tea"}, n=20)
    >>> bool((taste[who["customer"]] == 0).mean() > 0.9)
    True
    """

    _fitted: ClassVar[str] = "network_"

    def fit(self, transactions: Any, customers: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        transactions : DataFrame, or any frame with ``__arrow_c_stream__``
            One row a transaction: of the training period alone.
        customers : DataFrame indexed by customer, or None
            What is known of them; those without a row have a missing one.

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
        names, several = list(self.item_attributes), dict(self.several or {})
        encoder = EventEncoder(
            self.entity,
            time=self.time,
            missing=self.missing,
            min_count=self.min_count,
            categories=[name for name in names if name not in several],
            n_jobs=self.n_jobs,
        )
        read, unit = Transactions.read(encoder, transactions, names, several)
        table = known = None
        if customers is not None:
            table = TableEncoder()
            known = encode_customers(table, self._columns(customers), read.customers, fit=True)
        network = self._network(read, table)
        weights = self._weights(read, unit)
        training = self._train(network, read, known, weights)
        self.activity_ = _activity(read, weights)
        self.transactions_, self.customers_, self.known_ = read, table, known
        self.network_ = network
        self.history_ = training.history()
        self.n_iter_ = training.state.step
        return self

    @property
    def vectors_(self) -> pd.DataFrame:
        """Meta-features of all customers of the transactions, as of their end."""
        check_is_fitted(self)
        return self._customer_vectors(None, None)

    def customer_vectors(self, customers: Any = None, known: Any = None) -> pd.DataFrame:
        """Return the meta-features of customers, as of the end of the transactions.

        Parameters
        ----------
        customers : Index or list of customers, or None
            None for all that have transactions; others have no past.
        known : DataFrame indexed by customer, or None
            Rows like those that `fit` was given, for customers that it was given none of.

        Returns
        -------
        DataFrame of shape (customers, meta_features * width), float32
        """
        check_is_fitted(self)
        return self._customer_vectors(customers, known)

    def offer_vectors(self, offers: Any) -> pd.DataFrame:
        """Return offers as what customers' meta-features are multiplied with.

        Parameters
        ----------
        offers : offer, list of offers, or mapping of name to offer
            An offer is a dict of attribute to a value or several (any of these; all attributes of
            the dict), a text for ``DataFrame.query`` over the attributes, or a truth value for each
            transaction that was fitted.

        Returns
        -------
        DataFrame of shape (offers, interactions * width), float32

        Raises
        ------
        ValueError
            If an offer matches no transaction, or names what they have not.
        """
        check_is_fitted(self)
        names, found = self._offers(offers)
        rows = [self.transactions_.matching(offer) for offer in found]
        offsets = np.concatenate([[0], np.cumsum([len(own) for own in rows])]).astype(np.int64)
        own = np.concatenate(rows).astype(np.int64)
        network = self.network_
        log = network.log(self.transactions_)
        vectors = network.net.offers(network.params, log, offsets, own, self._threads())
        return pd.DataFrame(vectors, index=names)

    def score(self, customers: Any, offers: Any, known: Any = None) -> pd.DataFrame:
        """Score customers for offers: the higher, the likelier.

        Parameters
        ----------
        customers, known
            As in `customer_vectors`.
        offers
            As in `offer_vectors`.

        Returns
        -------
        DataFrame of shape (customers, offers), float32
            Log-odds among the customers of transactions at one time and, unless `activity` is
            False, the logarithm of one more than the customer's transactions. Columns are named
            like the mapping, or by what the offers say.
        """
        who, what = self.customer_vectors(customers, known), self.offer_vectors(offers)
        scores = self.network_.net.scores(
            self.network_.params,
            np.ascontiguousarray(who),
            np.ascontiguousarray(what),
            self._threads(),
        )
        if self.activity:
            own = self.activity_.reindex(who.index).fillna(0).to_numpy(dtype=np.float32)
            scores += np.log1p(own)[:, None]
        return pd.DataFrame(scores, index=who.index, columns=what.index)

    def audience(self, offer: Offer, n: int = 1000, customers: Any = None) -> pd.DataFrame:
        """Return the customers who are the likeliest to take an offer.

        Parameters
        ----------
        offer
            One, as in `offer_vectors`.
        n : int, default 1000
            Customers, or all where there are fewer.
        customers : Index or list of customers, or None
            Among whom; None for all.

        Returns
        -------
        DataFrame
            One row a customer, the likeliest first: the customer, ``rank`` from 1, ``score``.
        """
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n is {n!r}; give a whole number of at least 1")
        scores = self.score(customers, {"score": offer})["score"]
        best = scores.sort_values(ascending=False, kind="stable").head(int(n))
        return pd.DataFrame(
            {
                self.entity: best.index,
                "rank": np.arange(1, len(best) + 1),
                "score": best.to_numpy(),
            }
        )

    def _offers(self, offers: Any) -> tuple[pd.Index, list[Offer]]:
        attributes = {attribute.name for attribute in self.transactions_.attributes}
        one = isinstance(offers, (str, pd.Series, np.ndarray))
        if one or (isinstance(offers, Mapping) and set(offers) <= attributes):
            offers = [offers]
        if isinstance(offers, Mapping):
            return pd.Index(list(offers), tupleize_cols=False), list(offers.values())
        if not isinstance(offers, Sequence) or len(offers) == 0:
            raise ValueError("offers is empty or no list; give at least one offer")
        return pd.Index([shown(offer) for offer in offers], tupleize_cols=False), list(offers)

    def _customer_vectors(self, customers: Any, known: Any) -> pd.DataFrame:
        read, network = self.transactions_, self.network_
        index = read.customers if customers is None else pd.Index(customers)
        index = index.rename(self.entity)
        place = read.customers.get_indexer(index)
        if (place < 0).any() and known is None:
            warnings.warn(
                f"{int((place < 0).sum()):,} of {len(index):,} customers have no transactions, such"
                f" as {index[place < 0][0]!r}; they are scored without a past",
                UserWarning,
                stacklevel=3,
            )
        begin = np.where(place < 0, 0, read.offsets[place])
        end = np.where(place < 0, 0, read.offsets[place + 1])
        rows: Blocks | None = None
        if self.customers_ is not None:
            assert self.known_ is not None
            if known is not None:
                rows = encode_customers(self.customers_, self._columns(known), index)
            else:
                there = np.flatnonzero(place >= 0)
                rows = missing_rows(self.known_.rows(place[there]), there, len(index))
        vectors = network.net.customers(
            network.params,
            network.log(read),
            begin.astype(np.int64),
            end.astype(np.int64),
            network.table(rows),
            self._threads(),
        )
        return pd.DataFrame(vectors, index=index)

    def _columns(self, customers: Any) -> Any:
        if self.customer_attributes is None or not isinstance(customers, pd.DataFrame):
            return customers
        wanted = list(self.customer_attributes)
        absent = [name for name in wanted if name not in customers.columns]
        if absent:
            raise ValueError(
                f"customers has no column {absent[0]!r}; it has {list(customers.columns)[:10]!r}"
            )
        return customers[wanted]

    def _network(self, read: Transactions, table: TableEncoder | None) -> OfferNetwork:
        sizes = {
            "levels": [attribute.levels for attribute in read.attributes],
            "width": int(self.width),
            "metas": int(self.meta_features),
            "hidden": [int(width) for width in self.hidden],
            "mask": bool(self.mask),
            "bilinear": bool(self.bilinear),
            "augmentations": int(self.augmentations),
            "key_length": float(min(self.key_length, len(read.attributes))),
            "mixture": float(self.mixture),
            "block": int(self.block),
            "max_length": int(self.max_length),
        }
        layout = None if table is None else table.layout_
        network = OfferNetwork(sizes, np.empty(0, dtype=np.float32), layout)
        network.params = network.net.initialise(self._seed())
        return network

    def _weights(self, read: Transactions, unit: str | None) -> np.ndarray | None:
        if self.half_life is None:
            return None
        if read.times is None:
            raise ValueError("half_life is given and time is None; name the column of times")
        per_day = 1.0 if unit is None else TICKS_PER_DAY[unit]
        return _core.recency_weights(read.times, self.half_life * per_day)

    def _train(
        self,
        network: OfferNetwork,
        read: Transactions,
        known: Blocks | None,
        weights: np.ndarray | None,
    ) -> OfferTraining:
        model = _core.OfferBlocks(network.net, network.log(read, weights), network.table(known))
        if model.num_examples < 2:
            raise ValueError(
                f"{len(read)} transactions are {model.num_examples} blocks of {self.block}; give at"
                " least two blocks, or a smaller block"
            )
        return train(self, network, model, np.arange(model.num_examples, dtype=np.int64))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_limits()
        check_widths(self.hidden)
        if len(self.item_attributes) == 0:
            raise ValueError(
                "item_attributes is empty; name the columns that offers are made of, such as"
                " OfferModel('customer_id', ['product', 'brand'])"
            )
        for name in self.several or {}:
            if name not in list(self.item_attributes):
                raise ValueError(f"several names {name!r}, which is none of item_attributes")

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted model, its parameters left out, as JSON and named arrays."""
        transactions, arrays = self.transactions_.to_state()
        document = {
            "transactions": transactions,
            "sizes": self.network_.sizes,
            "history": self.history_.to_dict("list"),
            "n_iter": self.n_iter_,
        }
        own = {"params": self.network_.params, "activity": self.activity_.to_numpy()}
        arrays = prefixed("transactions.", arrays) | own
        if self.customers_ is not None and self.known_ is not None:
            document["customers"], own = self.customers_.to_state()
            arrays |= prefixed("customers.", own)
            bags = self.known_.bags
            arrays |= {
                "known.dense": self.known_.dense,
                "known.codes": self.known_.codes,
                "known.data": bags.data,
                "known.indices": bags.indices,
                "known.indptr": bags.indptr,
            }
        return document, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        read = Transactions.from_state(document["transactions"], under("transactions.", arrays))
        table = known = None
        if "customers" in document:
            from scipy import sparse

            table = TableEncoder.from_state(document["customers"], under("customers.", arrays))
            dense = arrays["known.dense"]
            bags = sparse.csr_matrix(
                tuple(arrays[f"known.{part}"] for part in ("data", "indices", "indptr")),
                (len(dense), table.layout_.bag_width),
            )
            known = Blocks(dense, arrays["known.codes"], bags)
        layout = None if table is None else table.layout_
        network = OfferNetwork(document["sizes"], arrays["params"], layout)
        check_array("params", arrays["params"], np.float32, (network.net.num_params,))
        self.transactions_, self.customers_, self.known_ = read, table, known
        self.activity_ = pd.Series(arrays["activity"], index=read.customers)
        self.network_ = network
        self.history_ = pd.DataFrame(document["history"])
        self.n_iter_ = document["n_iter"]


def _activity(read: Transactions, weights: np.ndarray | None) -> pd.Series:
    """Transactions of every customer, each by its weight."""
    owner = np.repeat(np.arange(len(read.customers)), np.diff(read.offsets))
    count = np.bincount(owner, weights, len(read.customers)).astype(np.float64)
    return pd.Series(count, index=read.customers)
