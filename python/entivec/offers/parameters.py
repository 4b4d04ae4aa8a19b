"""Parameters of HistoryEncoder."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Real

from sklearn.utils._param_validation import Interval

from entivec.base import Stepwise, estimator, parameter
from entivec.base.common import POSITIVE
from entivec.events.log import ReadsEvents
from entivec.table.cells import Name
from entivec.table.encoder import TableEncoder

FRACTION = Interval(Real, 0, 1, closed="neither")


@estimator
class HistoryParameters(ReadsEvents, Stepwise):
    """What is read of customers, the network, its training."""

    item: Name | list[Name] = parameter(
        default=None,
        allowed=[Hashable, list],
        kind="column name or list of them",
        meaning="""
        What they bought, watched or clicked; the columns of a list form one token, see
        `EventEncoder`. It must be given. Events without one may hold a search.""",
        kw_only=False,
    )
    search: Name | None = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name or None",
        meaning="Texts that were searched for: their words and pairs of words are inputs.",
    )
    customers: TableEncoder | None = parameter(
        default=None,
        allowed=[TableEncoder, None],
        kind="TableEncoder or None",
        meaning="How the table of customers that `fit` may be given is encoded.",
    )
    n_components: int = parameter(
        default=64, allowed=POSITIVE, kind="int", meaning="Width of the vectors."
    )
    hidden: Sequence[int] = parameter(
        default=(128,),
        allowed=["array-like"],
        kind="sequence of int",
        meaning="""
        Widths of the layers of relu before the last, which is `n_components` wide. Empty, and
        without further inputs, a customer is the mean of its items' vectors: matrix
        factorisation.""",
    )
    tied: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Whether an item has one vector, as something that was had and as something to come: half as
        many numbers, each learnt from both sides, where items have few events.""",
    )
    ordered: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        An item is said from what its customer did strictly before it. False where order means
        nothing: some of a customer's items are said from all the others.""",
    )
    held_out: float = parameter(
        default=0.5,
        allowed=[FRACTION],
        kind="float in (0, 1)",
        meaning="Share of a customer's items that are said from the others, not `ordered`.",
    )
    age: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Whether the age of an example, the time from it to the newest event, is an input, so that
        what is new can be told from what always was (Covington et al. 2016). Without `time` there
        is none.""",
    )
    examples: int = parameter(
        default=4,
        allowed=POSITIVE,
        kind="int",
        meaning="Of a customer in an epoch, each drawn anew: as many for all, however active.",
    )
    max_length: int = parameter(
        default=500, allowed=POSITIVE, kind="int", meaning="Events of a history, the latest."
    )
    dropout: float = parameter(
        default=0.5,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="""
        Share of the means and of every layer that is dropped in training: much, as few events make
        them.""",
    )
    min_count: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning="""
        Items with fewer training events are read as *other* and never recommended; words with
        fewer searches are passed over.""",
    )
    max_items: int | None = parameter(
        default=None,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Most items that are kept, the most frequent.",
    )
    full_softmax: int = parameter(
        default=50_000,
        allowed=POSITIVE,
        kind="int",
        meaning="""
        Items up to which all of them are in the loss. Above, 1,024 others are drawn by frequency,
        and the loss corrected for it ("logQ", Bengio & Senécal 2008).""",
    )
    validation_fraction: float = parameter(
        default=0.1,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="""
        Share of customers held out to score, at most 2,000. Where that is fewer than ten, all are
        trained on and scored.""",
    )
    learning_rate: float = 2e-3
    batch_size: int = 64
    max_steps: int | None = None
    max_epochs: int | None = 120
    early_stopping: bool = True
    patience: int = 10


EVENT_PARAMETERS = ("entity", "time", "missing", "min_count", "max_items")
