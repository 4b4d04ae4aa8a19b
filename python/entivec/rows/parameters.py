"""The parameters that the estimators over rows share."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from entivec.base import Stepwise, estimator, parameter
from entivec.base.common import NOT_NEGATIVE
from entivec.rows.network import Sizes
from entivec.table import TableEncoder

ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu", "gelu", "silu")
NOISES = ("gaussian", "mask", "swap")
FEW_ROWS = 1000  # below, rows are held out in turn, and networks are small
OF_FEW_ROWS, OF_MANY_ROWS = (64, 32), (256, 128)  # hidden layers


@estimator
class RowParameters(Stepwise):
    """Of every estimator over rows."""

    n_components: int | float | str = parameter(
        default="auto",
        allowed=[
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        kind='"auto", int or float',
        meaning="""
        Width of the embedding. "auto" is the smallest width at which PCA keeps 80 % of the variance
        of every single column on held-out rows, 64 at most; a float in (0, 1) is a share of the
        encoded width (numbers plus one-hot levels). Never more than the encoded width: see
        `n_components_` and `why_n_components_`.""",
        kw_only=False,
    )
    activation: str = parameter(
        default="gelu",
        allowed=[StrOptions(set(ACTIVATIONS))],
        kind='{"gelu", "identity", "tanh", "sigmoid", "relu", "silu"}',
        meaning="Of the hidden layers.",
    )
    init: str = parameter(
        default="pca",
        allowed=[StrOptions({"pca", "random"})],
        kind='{"pca", "random"}',
        meaning="Start of the linear path.",
    )
    dropout: float = parameter(
        default=0.0,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="Rate on every hidden layer.",
    )
    l2: float = parameter(
        default=0.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="l2 * sum of squares of the hidden kernels is added to the loss.",
    )
    noise: str | None = parameter(
        default="swap",
        allowed=[StrOptions(set(NOISES)), None],
        kind='{"swap", "gaussian", "mask"} or None',
        meaning="""
        Corruption of the input in training: cells of another row (fading to none at 70 % of the
        training), normal noise on numbers, or missing cells. The target stays clean. It is drawn
        by source column: a category is masked as a whole.""",
    )
    noise_level: float = parameter(
        default=0.2,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="""
        Share of columns swapped or masked, or standard deviation of the noise in scaled units.""",
    )
    linear_path: bool = parameter(
        default=True,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        A linear map beside the network, in encoder and decoder. Without it the network is a pure
        chain and PCA is only reported, not guaranteed.""",
    )
    validation_fraction: float = parameter(
        default=0.1,
        allowed=[Interval(Real, 0, 1, closed="left")],
        kind="float in [0, 1)",
        meaning="""
        Share of rows held out to score, at most 2,000; where they also decide, 200 at least.
        Below 1,000 rows an estimator that may fall back on PCA trains on all rows, and holds them
        out in turn, in five folds, to score and to decide; below 30 it keeps PCA. 0 holds out none:
        scores are then of training rows.""",
    )
    warm_start: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="Go on from the former fit: same table codec, same network.",
    )
    matmul_precision: str = parameter(
        default="float32",
        allowed=[StrOptions({"float32", "bfloat16"})],
        kind='{"float32", "bfloat16"}',
        meaning="""
        Of the products of large matrices in training: "bfloat16" rounds their operands to 8
        significant bits and sums in float32 (Kalamkar et al. 2019). Wide networks train faster to
        nearly the same losses where the processor does so itself (`entivec.versions`). Weights,
        the optimiser, scores and `transform` stay in float32.""",
    )
    table: TableEncoder | None = parameter(
        default=None,
        allowed=[TableEncoder, None],
        kind="TableEncoder or None",
        meaning="How columns are encoded; None for ``TableEncoder()``.",
    )


@estimator
class HiddenLayers:
    """Of the estimators whose network has dense hidden layers of any number."""

    hidden_layer_sizes: Sequence[int] | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), "array-like"],
        kind='"auto" or sequence of int',
        meaning="""
        Hidden layers of the encoder; the decoder mirrors them. () is a linear model, "auto" is
        (256, 128), and (64, 32) below 1,000 rows, which bear out no more.""",
    )

    def _hidden(self, rows: int = 0, former: Sizes | None = None) -> tuple[int, ...]:
        if isinstance(self.hidden_layer_sizes, str):
            if former is not None:
                return former.hidden
            return OF_FEW_ROWS if rows < FEW_ROWS else OF_MANY_ROWS
        example = "positive whole numbers such as (256, 128), or () for a linear model"
        return check_sizes("hidden_layer_sizes", self.hidden_layer_sizes, 1, example)


def check_sizes(name: str, sizes: Sequence[int], least: int, example: str) -> tuple[int, ...]:
    """Return sizes as whole numbers.

    Raises
    ------
    ValueError
        If one of them is no whole number of at least `least`; `example` says what is wanted.
    """
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, Integral) or size < least:
            raise ValueError(f"{name} must be {example}; got {tuple(sizes)!r}.")
    return tuple(int(size) for size in sizes)
