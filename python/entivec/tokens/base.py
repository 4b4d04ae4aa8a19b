"""What the embeddings of items and of customers share: how tokens are read and trained."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from entivec import _core
from entivec.base import Embedder, NamedRows, estimator, parameter
from entivec.base.common import NOT_NEGATIVE, POSITIVE
from entivec.base.values import quoted
from entivec.events.encoder import EventEncoder
from entivec.events.log import ReadsEvents
from entivec.table.cells import Name
from entivec.table.guides import check_guide_weight
from entivec.tokens.reading import TokenCodec, Tokens
from entivec.tokens.skip_gram import SkipGramOptions

MOST_HELD_OUT = 2000  # histories, or twenty times as many tokens of documents
FEWEST_HELD_OUT = 10
EVENTS_READ = 10_000_000  # what few events are read as often for as it takes; seconds of training
FEWEST_EPOCHS, MOST_EPOCHS = 20, 100


@estimator
class TokenEmbedder(NamedRows, ReadsEvents, Embedder):
    """Base of Item2Vec and Customer2Vec."""

    item: Name | list[Name] = parameter(
        default=None,
        allowed=[Hashable, list],
        kind="column name or list of them",
        meaning="""
        What happened: products, pages, events. The columns of a list form joint tokens, such as
        ``["event", "page", "country"]``; one that fewer than `min_count` events have drops columns
        from its right until enough do, and numbers are cut at training quantiles. It must be
        given.""",
        kw_only=False,
    )
    n_components: int = parameter(
        default=64, allowed=POSITIVE, kind="int", meaning="Width of the vectors."
    )
    window: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="""
        Tokens on either side that count as context, drawn from 1 to `window` anew for every token.
        None is the whole history: a basket, whose order means nothing and has no effect.""",
    )
    order: int = parameter(
        default=1,
        allowed=[Interval(Integral, 1, 2, closed="both")],
        kind="1 or 2",
        meaning="""
        2 joins every item with the one before it: transitions, which tell habits that single items
        cannot. One that fewer than `min_count` events have is the item alone.""",
    )
    negative: int = parameter(
        default=5,
        allowed=[Interval(Integral, 1, 30, closed="both")],
        kind="int",
        meaning="Tokens drawn as noise for every one that is predicted.",
    )
    ns_exponent: float = parameter(
        default=0.75,
        allowed=[Real],
        kind="float",
        meaning="Noise is drawn in proportion to the number of events to this power.",
    )
    subsample: float | str = parameter(
        default="auto",
        allowed=[*NOT_NEGATIVE, StrOptions({"auto"})],
        kind='float or "auto"',
        meaning="""
        Tokens with a greater share of the events are thinned out; 0 for none. "auto" is the mean
        share, one by the number of tokens: what stands in every basket says little of any.""",
    )
    min_count: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning="Tokens with fewer events have no vector and are passed over.",
    )
    max_items: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Most tokens that are kept, the most frequent.",
    )
    learning_rate: float = parameter(
        default=0.025,
        allowed=[Interval(Real, 0, None, closed="neither")],
        kind="float",
        meaning="At the start; it falls linearly with the events read, to 0.0001.",
    )
    max_epochs: int | str = parameter(
        default="auto",
        allowed=[*POSITIVE, StrOptions({"auto"})],
        kind='int or "auto"',
        meaning="""
        Passes over the events. "auto": as many as it takes to read ten million of them, from 20 to
        100.""",
    )
    validation_fraction: float = parameter(
        default=0.0,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="""
        Share that is held out and scored after every epoch: of the histories, at most 2,000, or of
        the documents' tokens, at most 40,000. Where that is fewer than ten, none is.""",
    )
    early_stopping: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Stop when the held-out loss has not improved for `patience` epochs, and restore the best
        vectors; needs a `validation_fraction`.""",
    )
    patience: int = parameter(
        default=2, allowed=POSITIVE, kind="int", meaning="Epochs that `early_stopping` waits."
    )
    guide_weight: float | Mapping[Any, float] = parameter(
        default=1.0,
        allowed=[Real, Mapping],
        kind="float or mapping of target to float",
        meaning="Of each target that guides the vectors where `fit` is given `y`; 0 ignores `y`.",
    )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_guide_weight(self.guide_weight)
        if self.item is None or (isinstance(self.item, list) and not self.item):
            raise ValueError(
                "item is None; name the column that says what happened, such as"
                f" {type(self).__name__}('order_id', 'product_id')"
            )
        if self.early_stopping and not self.validation_fraction:
            raise ValueError(
                "early_stopping needs held-out events; set validation_fraction, such as 0.05"
            )

    def _codec(self) -> TokenCodec:
        encoder = EventEncoder(
            self.entity,
            time=self.time,
            categories=[self.item],
            min_count=self.min_count,
            max_items=self.max_items,
            missing=self.missing,
            n_jobs=self.n_jobs,
        )
        return TokenCodec(encoder, int(self.order), int(self.min_count))

    def _epochs(self, events: int) -> int:
        """Passes over so many events."""
        if self.max_epochs == "auto":
            wanted = -(-EVENTS_READ // max(events, 1))
            return min(max(FEWEST_EPOCHS, wanted), MOST_EPOCHS)
        return int(self.max_epochs)

    def _held_out(self, count: int, most: int, seed: int) -> np.ndarray:
        """Which of so many histories or tokens are held out, bool (count,)."""
        wanted = min(int(self.validation_fraction * count), most)
        held = np.zeros(count, dtype=bool)
        if wanted >= FEWEST_HELD_OUT:
            held[np.random.default_rng(seed).permutation(count)[:wanted]] = True
        return held

    def _vectors(self, codes: np.ndarray, index: pd.Index) -> Any:
        """Vectors of entities as `transform` gives them."""
        columns = self.get_feature_names_out()
        return self._named(pd.DataFrame(codes, index=index, columns=columns))

    def _options(self, method: str, seed: int, epochs: int, tokens: int) -> SkipGramOptions:
        return SkipGramOptions(
            n_components=int(self.n_components),
            window=0 if self.window is None else int(self.window),
            negative=int(self.negative),
            subsample=1 / tokens if self.subsample == "auto" else float(self.subsample),
            ns_exponent=float(self.ns_exponent),
            learning_rate=float(self.learning_rate),
            max_epochs=epochs,
            seed=seed,
            threads=self._threads(),
            verbose=bool(self.verbose),
            method=method,
            early_stopping=bool(self.early_stopping),
            patience=int(self.patience),
        )

    def _for_training(self, tokens: Tokens, seed: int) -> Tokens:
        """The order in which tokens are read: that of time, or none."""
        if self.window is not None or self.order != 1:
            return tokens
        vocabulary = max(int(tokens.codes.max(initial=0)), 0) + 1
        return tokens.as_baskets(np.random.default_rng(seed).permutation(vocabulary))


def histories(offsets: np.ndarray, codes: np.ndarray) -> Any:
    """Return histories for the core."""
    return _core.Histories(offsets, np.ascontiguousarray(codes, dtype=np.int32), 0)


def check_learnable(tokens: Tokens, names: pd.Index, pairs: bool) -> None:
    """Raise where there is nothing to learn from.

    Raises
    ------
    ValueError
        If there is only one token, or where tokens predict each other no history has two.
    """
    if len(names) < 2:
        raise ValueError(
            f"the events have only one item, {quoted(names[0])}; vectors need at least two that"
            " differ"
        )
    if pairs and tokens.longest() < 2:
        raise ValueError(
            "every history has at most one item, so that no item is met with another; check that"
            " entity names what groups the events (an order, a customer)"
        )
