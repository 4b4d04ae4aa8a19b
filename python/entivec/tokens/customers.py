"""Vectors of entities from what they did: doc2vec where customers are the documents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.base import estimator, parameter
from entivec.base.persistence import Arrays, check_array, prefixed, under
from entivec.base.values import pack_index, quoted, unpack_index
from entivec.tokens.base import MOST_HELD_OUT, TokenEmbedder, check_learnable, histories
from entivec.tokens.guidance import label_rows
from entivec.tokens.items import warn_of_strangers
from entivec.tokens.neighbours import most_similar
from entivec.tokens.reading import TokenCodec, Tokens, gather, history_rows
from entivec.tokens.skip_gram import SkipGram, padded, train_skip_gram

if TYPE_CHECKING:
    from typing_extensions import Self

MOST_TOKENS_HELD_OUT = 20 * MOST_HELD_OUT  # a document has many


@estimator
class Customer2Vec(TokenEmbedder):
    """Vectors of customers, sessions or accounts: doc2vec (Le & Mikolov 2014) on their events.

    With ``method="dbow"`` a customer's vector predicts the customer's tokens, in any order; with
    "dm" its mean with the vectors of a token's neighbours predicts that token. DBOW knows shares of
    tokens and no order: where habits lie in what follows what, set ``order=2``; a mean, as DM's,
    cannot carry that either. Tokens may join
    several columns (``item=["event", "page", "country"]``): application logs become vectors
    without feature engineering.

    {parameters}

    Attributes
    ----------
    vectors_ : DataFrame of shape (entities, n_components), float32
        Of the entities of `fit`, sorted.
    item_vectors_ : DataFrame of shape (items, n_components), float32
        Of the tokens, in the space that predicts them.
    history_ : DataFrame
        One row an epoch: mean training loss, that of held-out tokens where there are any, learning
        rate, seconds.
    n_components_ : int

    Examples
    --------
    >>> import entivec
    >>> import pandas as pd
    >>> orders = pd.DataFrame(
    ...     {"order": [1, 1, 2, 2, 3, 3, 4, 4], "customer": list("aaaabbbb"),
    ...      "product": ["tea", "milk", "tea", "milk", "nail", "screw", "nail", "screw"]}
    ... )
    >>> model = entivec.Customer2Vec("customer", "product", n_components=16)
    >>> model.fit(orders).vectors_.shape
    (2, 16)
    >>> model.transform(orders, entities=["b"]).shape
    (1, 16)
    """

    _fitted = "vectors_"

    method: str = parameter(
        default="dbow",
        allowed=[StrOptions({"dbow", "dm"})],
        kind='{"dbow", "dm"}',
        meaning='"dbow", or "dm" with the mean of the contexts.',
    )
    window: int | None = 5
    subsample: float | str = 0.0

    def fit(self, events: Any, y: Any = None) -> Self:
        """Learn the vectors of all entities.

        Parameters
        ----------
        events : DataFrame, or an Arrow frame (polars, DuckDB, pyarrow)
            One row an event.
        y : Series or DataFrame, indexed by entity, optional
            Targets of any type that guide the vectors: to the loss is added, for each target,
            `guide_weight` times the loss of an affine head on an entity's vector (Seleznev 2018).
            Missing labels are left out. Without `y` nothing changes, bit by bit.

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
        check_learnable(tokens, codec.names, pairs=False)
        if len(tokens) < 2:
            raise ValueError(
                f"the events are all of one entity, {quoted(tokens.blocks.entities[0])}; vectors"
                " need at least two"
            )
        labelled = label_rows(y, tokens.blocks.entities, self.guide_weight, str(self.entity))
        trained = self._train(self._for_training(tokens, seed), codec, labelled, seed)
        words = trained.vectors if self.method == "dm" else np.empty((0, 0), dtype=np.float32)
        arrays = {"vectors": trained.documents, "outputs": trained.outputs, "words": words}
        self._fit_seed, self._fit_epochs = seed, self._epochs(len(tokens.codes))
        self._adopt(codec, arrays, tokens.blocks.entities, trained.history, trained.input_scale)
        found = np.zeros(len(tokens), dtype=bool)
        found[tokens.owners()[tokens.codes >= 0]] = True
        self.vectors_.loc[~found] = np.float32(0)
        warn_of_strangers(self.vectors_.index, found)
        return self

    def fit_transform(self, events: Any, y: Any = None) -> Any:
        """Fit, and return the trained vectors of the entities; see `fit`."""
        self.fit(events, y)
        return self._vectors(self.vectors_.to_numpy(), self.vectors_.index)

    def transform(self, events: Any, entities: Any = None, *, cutoff: Any = None) -> Any:
        """Infer the vectors of entities, seen in `fit` or not, from their events.

        Tokens stand still and the entity's vector is trained from the mean of all, for as many
        epochs as in `fit` at half the learning rate. What comes out depends on no other entity of
        `events`, and is near the trained vector where there is one: `vectors_`, which
        `fit_transform` returns.

        Parameters
        ----------
        events : DataFrame, or an Arrow frame
            With the columns of `fit`; unseen tokens are passed over.
        entities : list-like, optional
            Rows in this order; by default all that have events.
        cutoff : time, Series by entity, or frame of entities and times, optional
            Events **at or after** it are not seen. (Feast and featuretools see the moment itself.)

        Returns
        -------
        DataFrame of shape (entities, n_components), float32
            Indexed by entity, sorted unless `entities` are given. Rows without a known token are
            zero and counted in a warning.

        Raises
        ------
        ValueError
            If a column or a cut-off cannot be used.
        """
        check_is_fitted(self)
        tokens = self._for_training(self.codec_.transform(events), self._fit_seed)
        rows = history_rows(tokens, entities, cutoff)
        offsets, codes = gather(tokens.codes, rows)
        vectors = self._infer(offsets, codes)
        known = np.concatenate([[0], np.cumsum(codes >= 0)])
        found = np.diff(known[offsets]) > 0
        vectors[~found] = 0
        warn_of_strangers(rows.index, found)
        return self._vectors(vectors, rows.index)

    def most_similar(self, entities: Any, n: int = 10) -> pd.DataFrame:
        """Find the nearest entities of `fit` by the cosine of their vectors.

        Parameters
        ----------
        entities : label or list-like of labels
        n : int, default 10

        Returns
        -------
        DataFrame of shape (entities asked for × n, 3)
            Columns "entity", "neighbour", "similarity"; nearest first.

        Raises
        ------
        ValueError
            If an entity was not in `fit`; the message names it.
        """
        check_is_fitted(self)
        return most_similar(self.vectors_, entities, n, what="entity")

    # Parts

    def _train(self, tokens: Tokens, codec: TokenCodec, labelled: Any, seed: int) -> SkipGram:
        held = self._held_out(len(tokens.codes), MOST_TOKENS_HELD_OUT, seed)
        codes = np.where(held, -1, tokens.codes)
        held_out = None
        if held.any():
            held_out = histories(tokens.offsets, np.where(held, tokens.codes, -1))
        assert codec.counts is not None
        return train_skip_gram(
            histories(tokens.offsets, codes),
            codec.counts,
            self._options(self.method, seed, self._epochs(len(tokens.codes)), len(codec.counts)),
            labelled,
            documents=len(tokens),
            held_out=held_out,
        )

    def _infer(self, offsets: np.ndarray, codes: np.ndarray) -> np.ndarray:
        d = self.n_components_
        documents = padded(len(offsets) - 1, d)
        documents[:, :d] = self._start
        counts = self.codec_.counts
        assert counts is not None
        options = self._options(self.method, self._fit_seed, self._fit_epochs, len(counts))
        # Small steps, as the noise of large ones is not in the trained vector.
        training = replace(options, learning_rate=options.learning_rate / 2)
        _core.infer_documents(
            histories(offsets, codes),
            counts,
            training.core(),
            self._input_scale,
            _padded_copy(self._words),
            _padded_copy(self._outputs),
            documents,
        )
        return documents[:, :d].copy()

    def _adopt(
        self,
        codec: TokenCodec,
        arrays: Arrays,
        entities: pd.Index,
        history: pd.DataFrame,
        input_scale: float,
    ) -> None:
        vectors, self._outputs, self._words = (
            arrays[name] for name in ("vectors", "outputs", "words")
        )
        self.codec_, self.history_, self._input_scale = codec, history, input_scale
        self.n_components_ = vectors.shape[1]
        names = self.get_feature_names_out()
        self.vectors_ = pd.DataFrame(vectors, index=entities, columns=names)
        items = self._words if self.method == "dm" else self._outputs
        assert codec.names is not None
        self.item_vectors_ = pd.DataFrame(items, index=codec.names.rename("item"), columns=names)
        self._start = vectors.astype(np.float64).mean(axis=0).astype(np.float32)

    # Files

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vocabulary, the vectors and the history."""
        document, arrays = self.codec_.to_state()
        state = {
            "codec": document,
            "entities": pack_index(self.vectors_.index),
            "history": self.history_.to_dict("list"),
            "seed": self._fit_seed,
            "epochs": self._fit_epochs,
            "input_scale": self._input_scale,
        }
        arrays = prefixed("codec.", arrays) | {
            "vectors": self.vectors_.to_numpy(),
            "outputs": self._outputs,
            "words": self._words,
            "start": self._start,
        }
        return state, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        codec, d = self._codec(), int(self.n_components)
        codec.restore(document["codec"], under("codec.", arrays))
        entities = unpack_index(document["entities"])
        assert codec.names is not None
        check_array("vectors", arrays["vectors"], np.float32, (len(entities), d))
        check_array("outputs", arrays["outputs"], np.float32, (len(codec.names), d))
        self._fit_seed, self._fit_epochs = int(document["seed"]), int(document["epochs"])
        history = pd.DataFrame(document["history"])
        self._adopt(codec, arrays, entities, history, float(document["input_scale"]))
        self._start = arrays["start"]


def _padded_copy(rows: np.ndarray) -> np.ndarray:
    whole = padded(*rows.shape)
    whole[:, : rows.shape[1]] = rows
    return whole
