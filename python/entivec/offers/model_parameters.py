"""Parameters of OfferModel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval

from entivec.base import Stepwise, estimator, parameter
from entivec.base.common import POSITIVE
from entivec.events.log import ReadsEvents
from entivec.table.cells import Name


@estimator
class OfferParameters(ReadsEvents, Stepwise):
    """What is read of transactions, the network, its training."""

    item_attributes: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="""
        Of transactions: product, brand, category, price band … Offers are queries over them. At
        least one must be given.""",
        kw_only=False,
    )
    customer_attributes: Sequence[Name] | None = parameter(
        default=None,
        allowed=["array-like", None],
        kind="sequence of column names or None",
        meaning="Columns that are read of the table of customers given to `fit`; None for all.",
        kw_only=False,
    )
    several: Mapping[Any, str] | None = parameter(
        default=None,
        allowed=[Mapping, None],
        kind="mapping of column name to separator, or None",
        meaning='Attributes whose cells hold several values, such as ``{"genres": "|"}``.',
    )
    width: int = parameter(
        default=16, allowed=POSITIVE, kind="int", meaning="Of embeddings and meta-features."
    )
    meta_features: int = parameter(
        default=3,
        allowed=[Interval(Integral, 1, 5, closed="both")],
        kind="int, 1 to 5",
        meaning="Into which the attributes of customers and of offers are compressed.",
    )
    hidden: Sequence[int] = parameter(
        default=(32,),
        allowed=["array-like"],
        kind="sequence of int",
        meaning="Layers over the interactions; empty for their sum.",
    )
    augmentations: int = parameter(
        default=3,
        allowed=[Interval(Integral, 0, 64, closed="both")],
        kind="int",
        meaning="""
        Keys a step, each of which groups the step's transactions into offers anew; 0 where every
        transaction is an offer of its own.""",
    )
    key_length: float = parameter(
        default=2.0,
        allowed=[Interval(Real, 0, None, closed="neither")],
        kind="float",
        meaning="Attributes of a key, on average, see `KeyGenerator`.",
    )
    mixture: float = parameter(
        default=0.5,
        allowed=[Interval(Real, 0, 1, closed="both")],
        kind="float in [0, 1]",
        meaning='Share of a step\'s offers that are merged by "or", see `mix_groups`.',
    )
    mask: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="Whether the spread of what an offer is made of gates its meta-features.",
    )
    bilinear: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Whether all pairs of meta-features interact by a kernel; False for products of equal ones.
        Without `hidden`, `mask` and this the model is two towers.""",
    )
    block: int = parameter(
        default=5,
        allowed=[Interval(Integral, 2, None, closed="left")],
        kind="int",
        meaning="""
        Transactions of different customers at about the same time: each one's customer against
        those of the others.""",
    )
    activity: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Whether a score counts how much a customer does: those an offer is compared among in
        training are there as often as they have transactions, so that the logarithm of these is
        added to what is learnt. False for whom an offer fits, however little they do.""",
    )
    half_life: float | None = parameter(
        default=None,
        allowed=[Interval(Real, 0, None, closed="neither"), None],
        kind="float or None",
        meaning="Days in which a transaction's weight in the loss halves; None for equal weights.",
    )
    max_length: int = parameter(
        default=50, allowed=POSITIVE, kind="int", meaning="Transactions of a past, the latest."
    )
    dropout: float = parameter(
        default=0.1,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="Share of every layer over the interactions that is dropped in training.",
    )
    min_count: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning="Values with fewer transactions are *other*, one value.",
    )
    validation_fraction: float = parameter(
        default=0.05,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="Share of blocks held out to score, at most 2,000.",
    )
    learning_rate: float = 2e-3
    batch_size: int = parameter(default=64, allowed=POSITIVE, kind="int", meaning="Blocks a step.")
    max_steps: int | None = None
    max_epochs: int | None = 10
    early_stopping: bool = True
    patience: int = 2
