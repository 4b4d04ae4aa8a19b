"""Vectors of items, learnt from the histories in which they stand together."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from entivec.base import estimator, parameter
from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.base.values import quoted
from entivec.events.in_parts import rows_in_parts
from entivec.events.larger import larger_log
from entivec.events.stored import cut_by_entity, parts_of
from entivec.table.cells import Name
from entivec.tokens.attributes import ItemAttributes
from entivec.tokens.base import MOST_HELD_OUT, TokenEmbedder, check_learnable, histories
from entivec.tokens.guidance import LabelledMeans, label_rows
from entivec.tokens.neighbours import most_similar
from entivec.tokens.reading import TokenCodec, Tokens, history_rows
from entivec.tokens.roll_up import half_life_ticks, occurrences, roll_up
from entivec.tokens.skip_gram import Attributes, SkipGram, attribute_sums, train_skip_gram
from entivec.tokens.word2vec_format import load_word2vec_format, save_word2vec_format

if TYPE_CHECKING:
    from typing_extensions import Self


@estimator
class Item2Vec(TokenEmbedder):
    """Vectors of items from baskets, sessions or histories: word2vec where items are the words.

    Items that stand with the same others lie near each other (Barkan & Koenigstein 2016,
    "Item2vec"). With ``method="cbow"`` the mean of the other items of a basket predicts each item,
    with "skipgram" each item predicts each other. The gradient of the mean divides by the number of
    its items and the step is scaled by their geometric mean number, so that wide baskets teach as
    much as narrow ones. Attributes (brand, aisle, price band) have vectors of their own that are
    added to those of their items: an item that was hardly seen is what its attributes say, one that
    was seen often what the baskets say, and an unseen item with known attributes has a vector too.

    {parameters}

    Attributes
    ----------
    vectors_ : DataFrame of shape (items, n_components), float32
        Indexed by item, the most frequent first; with attributes their sum.
    context_vectors_ : DataFrame of shape (items, n_components), float32
        By which items are predicted: the mean of the vectors of what stands beside an item, times
        its row here, is the logarithm of how much likelier it is there than elsewhere.
    item_counts_ : Series
        Training events of each item.
    history_ : DataFrame
        One row an epoch: mean training loss, that of held-out histories where there are any,
        learning rate, seconds.
    n_components_ : int

    Examples
    --------
    >>> import entivec
    >>> import pandas as pd
    >>> orders = pd.DataFrame(
    ...     {"order": [1, 1, 2, 2, 3, 3, 4, 4], "customer": list("aaaabbbb"),
    ...      "product": ["tea", "milk", "tea", "milk", "nail", "screw", "nail", "screw"]}
    ... )
    >>> model = entivec.Item2Vec("order", "product", n_components=16)
    >>> model.fit(orders).vectors_.shape
    (4, 16)
    >>> model.most_similar(["tea", "nail"], n=1).columns.tolist()
    ['item', 'neighbour', 'similarity']
    >>> model.transform(orders, by="customer").index.tolist()
    ['a', 'b']
    """

    _fitted = "vectors_"

    attributes: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="""
        Of the items, such as brand or department, read from the events; an item has the value that
        most of its events have. For ``method="cbow"``.""",
    )
    method: str = parameter(
        default="cbow",
        allowed=[StrOptions({"cbow", "skipgram"})],
        kind='{"cbow", "skipgram"}',
        meaning="""
        "cbow" puts what is bought together near each other; "skipgram" costs as many times more as
        baskets have items, and is the better where items are rare.""",
    )

    def fit(self, events: Any, y: Any = None) -> Self:
        """Learn the vectors of all items.

        Parameters
        ----------
        events : DataFrame, or an Arrow frame (polars, DuckDB, pyarrow)
            One row an event.
        y : Series or DataFrame, indexed by entity, optional
            Targets of any type that guide the vectors: to the loss is added, for each target,
            `guide_weight` times the loss of an affine head on the mean vector of an entity's items
            (Seleznev 2018). Missing labels are left out. Without `y` nothing changes, bit by bit.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a column or a cell cannot be used, or there is nothing to learn from;
            the message says which. A former fit is left as it was.
        FloatingPointError
            If training diverges. A former fit is left as it was.
        """
        self._check_parameters()
        codec, seed = self._codec(), self._seed()
        tokens = codec.fit_transform(events)
        assert codec.names is not None
        check_learnable(tokens, codec.names, pairs=True)
        reader = attributes = None
        if len(self.attributes):
            reader = ItemAttributes(self.item, list(self.attributes))  # type: ignore[arg-type]
            attributes = reader.fit(events, codec.names)
        guided = self._guided(tokens, len(codec.names), y)
        trained = self._train(self._for_training(tokens, seed), codec, attributes, guided, seed)
        self._set_fitted(codec, reader, trained, attributes)
        return self

    def fit_transform(self, events: Any, y: Any = None) -> Any:
        """Fit, and roll the items up to the entities; see `fit` and `transform`."""
        return self.fit(events, y).transform(events)

    def transform(
        self,
        events: Any,
        entities: Any = None,
        *,
        by: Name | None = None,
        half_life: Any = None,
        idf: bool = False,
        cutoff: Any = None,
    ) -> Any:
        """Roll items up to whoever has them: the weighted mean of the vectors.

        Parameters
        ----------
        events : DataFrame, or an Arrow frame
            With the columns of `fit`; other entities and unseen items are fine.
        entities : list-like, optional
            Rows in this order; by default all that have events.
        by : column name, optional
            Roll up to another column than `entity`: from orders to customers in one pass.
        half_life : str, Timedelta or number, optional
            Stretch of time after which an event weighs half ("30D"), counted back from the last
            event of each row; a number where times are numbers. Needs `time`.
        idf : bool, default False
            Weigh items by the logarithm of the inverse share of their training events.
        cutoff : time, Series by entity, or frame of entities and times, optional
            Events **at or after** it are not seen. (Feast and featuretools see the moment itself.)

        Returns
        -------
        DataFrame of shape (entities, n_components), float32
            Indexed by entity, sorted unless `entities` are given. Rows without a known item are
            zero and counted in a warning.

        Raises
        ------
        ValueError
            If a column, a cut-off or the half-life cannot be used.
        """
        check_is_fitted(self)
        settings = (by, half_life, idf)
        source = larger_log(self.codec_.reader(by), events, self.codec_.columns)
        if source is None:
            return self._named(self._roll_up(events, cutoff, entities, *settings))
        entity = str(self.entity if by is None else by)
        names = list(source.columns or source.names)

        def part_by_part(part: Any, own: Any, ids: Any) -> pd.DataFrame:
            return self._roll_up(part, own, ids, *settings)

        with cut_by_entity(source, entity, names, parts_of(source, len(names))) as parts:
            return self._named(rows_in_parts(part_by_part, entity, parts, cutoff, entities))

    def _roll_up(
        self, events: Any, cutoff: Any, entities: Any, by: Any, half_life: Any, idf: bool
    ) -> pd.DataFrame:
        tokens = self.codec_.transform(events, by)
        rows = history_rows(tokens, entities, cutoff)
        ticks = None if half_life is None else half_life_ticks(half_life, tokens)
        counts = self.item_counts_.to_numpy(dtype=np.float64)
        weights = np.log(counts.sum() / np.maximum(counts, 1)) if idf else None
        means, found = roll_up(tokens, rows, self.vectors_.to_numpy(), weights, ticks)
        warn_of_strangers(rows.index, found)
        return pd.DataFrame(means, index=rows.index, columns=self.get_feature_names_out())

    def most_similar(self, items: Any, n: int = 10) -> pd.DataFrame:
        """Find the nearest items by the cosine of their vectors: exactly, block by block.

        Parameters
        ----------
        items : label or list-like of labels
        n : int, default 10

        Returns
        -------
        DataFrame of shape (items asked for × n, 3)
            Columns "item", "neighbour", "similarity"; nearest first.

        Raises
        ------
        ValueError
            If an item has no vector; the message names it.
        """
        check_is_fitted(self)
        return most_similar(self.vectors_, items, n, what="item")

    def vectors_of(self, items: Any) -> pd.DataFrame:
        """Return the vectors of items, of unseen ones by their attributes.

        Parameters
        ----------
        items : DataFrame, or an Arrow frame
            One row an item, with the columns `item` and `attributes` of `fit`; further columns are
            not read.

        Returns
        -------
        DataFrame of shape (items, n_components), float32
            Indexed by item, in their order. A known item has its vector of `vectors_`; an unseen
            one the sum of its attributes' vectors. One without any known attribute is zero and
            counted in a warning.

        Raises
        ------
        ValueError
            If the model was fitted without attributes, or a column is missing.
        """
        check_is_fitted(self)
        if self.attributes_ is None:
            raise ValueError(
                "this model has no attributes, so that an unseen item has no vector; fit with"
                " attributes=[…], or look known items up in vectors_"
            )
        names, codes = self.attributes_.transform(items)
        vectors = attribute_sums(codes, self.attribute_vectors_)
        place = self.vectors_.index.get_indexer(names)
        vectors[place >= 0] = self.vectors_.to_numpy()[place[place >= 0]]
        warn_of_strangers(names, (place >= 0) | (codes >= 0).any(axis=1), "a known attribute")
        return pd.DataFrame(vectors, index=names, columns=self.vectors_.columns)

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write `vectors_` in word2vec's format, which gensim and many others read.

        Parameters
        ----------
        path : path-like
        binary : bool, default False

        Raises
        ------
        ValueError
            If an item's name holds white space.
        """
        check_is_fitted(self)
        save_word2vec_format(self.vectors_, path, binary)

    @staticmethod
    def load_word2vec_format(
        path: str | os.PathLike[str], binary: bool | None = None
    ) -> pd.DataFrame:
        """Read vectors from a file of word2vec, gensim or `save_word2vec_format`.

        Parameters
        ----------
        path : path-like
        binary : bool, optional
            By default the file is looked at.

        Returns
        -------
        DataFrame of shape (items, d), float32
            As `vectors_`, with names as text; for `entivec.tokens.most_similar`.
        """
        return load_word2vec_format(path, binary, name="item")

    # Parts of fit

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if len(self.attributes) and self.method != "cbow":
            raise ValueError(
                f"attributes need method='cbow', whose means they are part of; got {self.method!r}"
            )
        if len(self.attributes) and (isinstance(self.item, list) or self.order != 1):
            raise ValueError("attributes are of single items: item must be one column, order 1")

    def _guided(self, tokens: Tokens, items: int, y: Any) -> LabelledMeans | None:
        what = str(self.entity)
        labelled = label_rows(y, tokens.blocks.entities, self.guide_weight, what)
        return None if labelled is None else LabelledMeans(labelled, occurrences(tokens, items))

    def _train(
        self,
        tokens: Tokens,
        codec: TokenCodec,
        attributes: Attributes | None,
        guided: LabelledMeans | None,
        seed: int,
    ) -> SkipGram:
        held = self._held_out(len(tokens), MOST_HELD_OUT, seed)
        training, held_out = split_histories(tokens, held)
        counts = codec.counts
        assert counts is not None
        return train_skip_gram(
            training,
            counts,
            self._options(self.method, seed, self._epochs(len(tokens.codes)), len(counts)),
            guided,
            attributes=attributes,
            held_out=held_out,
        )

    def _set_fitted(
        self,
        codec: TokenCodec,
        reader: ItemAttributes | None,
        trained: SkipGram,
        attributes: Attributes | None,
    ) -> None:
        vectors = trained.vectors
        if attributes is not None:
            vectors = vectors + attributes.sums(trained.attributes)
        matrices = {
            "vectors": vectors,
            "context_vectors": trained.outputs,
            "attribute_vectors": trained.attributes,
        }
        self._adopt(codec, reader, matrices, trained.history)

    def _adopt(
        self,
        codec: TokenCodec,
        reader: ItemAttributes | None,
        matrices: Arrays,
        history: pd.DataFrame,
    ) -> None:
        assert codec.names is not None
        vectors, contexts = matrices["vectors"], matrices["context_vectors"]
        self.codec_, self.attributes_, self.history_ = codec, reader, history
        self.n_components_ = vectors.shape[1]
        self.attribute_vectors_ = matrices["attribute_vectors"]
        index, names = codec.names.rename("item"), self.get_feature_names_out()
        self.vectors_ = pd.DataFrame(vectors, index=index, columns=names)
        self.context_vectors_ = pd.DataFrame(contexts, index=index, columns=names)
        self.item_counts_ = pd.Series(codec.counts, index=index, name="count").astype(np.int64)

    # Files

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary, the vectors and the history."""
        document, arrays = self.codec_.to_state()
        state: dict[str, Any] = {"codec": document, "history": self.history_.to_dict("list")}
        arrays = prefixed("codec.", arrays) | {
            "vectors": self.vectors_.to_numpy(),
            "context_vectors": self.context_vectors_.to_numpy(),
        }
        if self.attributes_ is not None:
            state["attributes"], own = self.attributes_.to_state()
            arrays |= prefixed("attributes.", own) | {"attribute_vectors": self.attribute_vectors_}
        return state, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        codec, reader, d = self._codec(), None, int(self.n_components)
        codec.restore(document["codec"], under("codec.", arrays))
        assert codec.names is not None
        attribute_vectors = np.empty((0, d), dtype=np.float32)
        if "attributes" in document:
            reader = ItemAttributes(self.item, list(self.attributes))  # type: ignore[arg-type]
            reader.restore(document["attributes"], under("attributes.", arrays))
            attribute_vectors = arrays["attribute_vectors"]
            check_array("attribute_vectors", attribute_vectors, np.float32, (reader.count, d))
        for name in ("vectors", "context_vectors"):
            check_array(name, arrays[name], np.float32, (len(codec.names), d))
        history = pd.DataFrame(document["history"])
        self._adopt(codec, reader, arrays | {"attribute_vectors": attribute_vectors}, history)


def split_histories(tokens: Tokens, held: np.ndarray) -> tuple[Any, Any]:
    """Return the histories that are trained on, and those that are held out; None for none."""
    if not held.any():
        return histories(tokens.offsets, tokens.codes), None
    sizes, owners = np.diff(tokens.offsets), tokens.owners()
    parts = []
    for chosen in (~held, held):
        offsets = np.concatenate([[0], np.cumsum(sizes[chosen])]).astype(np.int64)
        parts.append(histories(offsets, tokens.codes[chosen[owners]]))
    return parts[0], parts[1]


def warn_of_strangers(index: pd.Index, found: np.ndarray, what: str = "a known item") -> None:
    """Count rows that are zero, and name one."""
    if not found.all():
        warnings.warn(
            f"{int((~found).sum()):,} of {len(index):,} rows are without {what}, such as"
            f" {quoted(index[~found][0])}; they are zero",
            UserWarning,
            stacklevel=3,
        )
