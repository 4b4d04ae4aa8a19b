"""Parameters of SequenceEncoder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias

from sklearn.utils._param_validation import Interval, StrOptions

from entivec.base import Stepwise, estimator, parameter
from entivec.base.common import NOT_NEGATIVE, POSITIVE
from entivec.events.log import ReadsEvents
from entivec.table.cells import Name

Token: TypeAlias = "Hashable | list[Hashable]"


@estimator
class SequenceParameters(ReadsEvents, Stepwise):
    """What is read of events, the network, its training."""

    categories: Sequence[Token] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names, or of lists of them",
        meaning="""
        What events are: each column becomes an embedding; the columns of a list form one token, see
        `EventEncoder`. The first one is what `predict_next` says.""",
    )
    values: Sequence[Name] = parameter(
        default=(),
        allowed=["array-like"],
        kind="sequence of column names",
        meaning="Numbers of events.",
    )
    cell: str = parameter(
        default="gru",
        allowed=[StrOptions({"gru", "lstm", "none"})],
        kind='{"gru", "lstm", "none"}',
        meaning='What reads; "none" is the control without order.',
    )
    hidden: int = parameter(
        default=96, allowed=POSITIVE, kind="int", meaning="Width of a layer's state."
    )
    layers: int = parameter(
        default=1, allowed=POSITIVE, kind="int", meaning="Recurrent layers on top of each other."
    )
    objective: str = parameter(
        default="next",
        allowed=[StrOptions({"next", "reconstruct", "contrastive"})],
        kind='{"next", "reconstruct", "contrastive"}',
        meaning="What is learnt, beside the targets.",
    )
    pooling: str = parameter(
        default="mean",
        allowed=[StrOptions({"mean", "last"})],
        kind='{"mean", "last"}',
        meaning="""
        The embedding: the mean of the states after all events, or the state after the last one.""",
    )
    n_components: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Width of states and embedding, by a linear map; None for `hidden` and no map.",
    )
    max_length: int = parameter(
        default=200,
        allowed=POSITIVE,
        kind="int",
        meaning="""
        Events that a gradient goes back over, at most; states are carried on over longer histories
        (truncated backpropagation through time). Also the longest slice that "reconstruct" and
        "contrastive" learn from.""",
    )
    dropout: float = parameter(
        default=0.2,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="Share of every layer's inputs that is dropped in training.",
    )
    max_gradient: float = parameter(
        default=5.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Longest gradient of a step; longer ones are clipped, 0 for none. See `history_`.",
    )
    slices: int = parameter(
        default=5,
        allowed=[Interval(Integral, 2, None, closed="left")],
        kind="int",
        meaning="""
        Of an entity in a step of "contrastive": each of a random length, a quarter to all of its
        events.""",
    )
    margin: float = parameter(
        default=0.5,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning='Distance to which "contrastive" pushes slices of different entities apart.',
    )
    min_count: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning="Levels with fewer training events are read as *other* and never predicted.",
    )
    max_items: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Most levels a category keeps, the most frequent.",
    )
    full_softmax: int = parameter(
        default=50_000,
        allowed=POSITIVE,
        kind="int",
        meaning="""
        Levels up to which all of them are in the loss. Above, 1,024 others are drawn by frequency,
        and the loss corrected for it ("logQ", Bengio & Senécal 2008).""",
    )
    guide_weight: float | Mapping[Any, float] = parameter(
        default=1.0,
        allowed=[Real, Mapping],
        kind="float or mapping of target to float",
        meaning="""
        Weight of each target's loss where `fit` is given `y`, beside the objective's; 0 ignores
        `y`.""",
    )
    validation_fraction: float = parameter(
        default=0.1,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="""
        Share of entities held out to score, at most 2,000. Where that is fewer than ten, all are
        trained on and scored.""",
    )
    learning_rate: float = 2e-3
    batch_size: int = parameter(
        default=32,
        meaning="""
        Entities a step. Where it was measured, small batches learn in fewer passes than large ones,
        and better; "contrastive" finds its negatives among them and may want more.""",
    )
    max_steps: int | None = None
    max_epochs: int | None = 30
    early_stopping: bool = True
    patience: int = 4
