"""The contractive autoencoders: codes that hold still where the input moves."""

from __future__ import annotations

from dataclasses import asdict, replace
from numbers import Integral
from typing import Any

from sklearn.utils._param_validation import StrOptions

from entivec.base import estimator, parameter
from entivec.base.common import NOT_NEGATIVE, POSITIVE
from entivec.base.persistence import Arrays
from entivec.rows.base import RowAutoEncoder
from entivec.rows.jacobian_plan import JacobianPlan, plan_jacobian
from entivec.rows.network import Network, Sizes
from entivec.rows.parameters import HiddenLayers
from entivec.rows.task import Task, check_probabilities
from entivec.rows.training import NetworkTraining
from entivec.table import Blocks, TableEncoder

SMOOTH = ("tanh", "sigmoid", "gelu", "silu")


@estimator
class _Contractive(RowAutoEncoder):
    """What the contractive autoencoders share: the code layer is activated and contracted."""

    contraction: float = parameter(
        default=0.1,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Weight of the penalty; 0 for none.",
    )
    activation: str = parameter(
        default="tanh",
        allowed=[StrOptions(set(SMOOTH))],
        kind='{"tanh", "sigmoid", "gelu", "silu"}',
    )
    noise: str | None = None
    linear_path: bool = False

    def _sizes(self, task: Task, width: int) -> Sizes:
        return replace(
            super()._sizes(task, width),
            code_activation=True,
            contraction="layers",
            contraction_weight=float(self.contraction),
        )


@estimator
class CAE(_Contractive):
    """Contractive autoencoder of one layer (Rifai et al. 2011).

    z = act(W x + b), and the loss of a row is its reconstruction, summed over the columns, plus
    `contraction` times the squared Frobenius norm of the Jacobian,

        ‖∂z/∂x‖² = Σ_i act'(a_i)² ‖w_i‖²,

    where act'(a_i) is 1 - z_i² for tanh and z_i (1 - z_i) for sigmoid.

    x is the encoded row with its one-hot cells; missing cells and their marks do not count. A
    pure chain as published; PCA of the same width is reported beside it, and guaranteed with
    ``linear_path=True``, whose own Jacobian then counts too.

    ``tied_weights=True`` with ``activation="sigmoid"`` and ``loss="cross_entropy"`` is the
    published model. Where the decoder has a kernel of its own, a small encoder under a large
    decoder can satisfy the penalty; tied weights close that way. The code may then be wider than
    the table.

    {parameters}

    Methods and attributes are those of `AutoEncoder`; `l2` decays the encoder's kernel.

    Notes
    -----
    Erratum: eq. (5) of Bertrand et al. prints act'(a_i) without its square; their eq. (9) and the
    derivation need it.

    References
    ----------
    Rifai et al. 2011, Contractive Auto-Encoders: Explicit Invariance During Feature Extraction.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> embedding = entivec.CAE(8, max_steps=50).fit_transform(customers)
    >>> bool(embedding.abs().to_numpy().max() <= 1)
    True
    """

    activation: str = parameter(
        default="tanh", allowed=[StrOptions({"tanh", "sigmoid"})], kind='{"tanh", "sigmoid"}'
    )
    tied_weights: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        The decoder's kernel is the encoder's transposed: every cell is rebuilt from the row of W
        that reads it, a two-level column from the difference of its two. `n_components` is then
        not bounded by the width of the table. Not with `linear_path`.""",
    )
    loss: str = parameter(
        default="squared_error",
        allowed=[StrOptions({"squared_error", "cross_entropy"})],
        kind='{"squared_error", "cross_entropy"}',
        meaning="""
        Of columns of numbers. "cross_entropy" reads numbers in [0, 1] as probabilities, such as
        the grey of a picture, and counts all columns in nats; pass
        ``table=TableEncoder(scale="none")`` with it.""",
    )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.tied_weights and self.linear_path:
            raise ValueError(
                "tied_weights=True leaves the decoder no linear path of its own. Pass"
                " linear_path=False, or tied_weights=False."
            )

    def _check_blocks(self, table: TableEncoder, blocks: Blocks) -> None:
        if self.loss == "cross_entropy":
            check_probabilities(
                table.layout_, blocks, "loss='cross_entropy'", "loss='squared_error'"
            )

    def _sizes(self, task: Task, width: int) -> Sizes:
        sizes = super()._sizes(task, width)
        if self.tied_weights and isinstance(self.n_components, Integral):
            sizes = replace(sizes, code=int(self.n_components))
        return replace(
            sizes,
            # With a linear path the two parts of the Jacobian add up before the norm is taken.
            contraction="whole" if self.linear_path else "layers",
            bernoulli=self.loss == "cross_entropy",
            tied_weights=bool(self.tied_weights),
        )


@estimator
class StackedCAE(HiddenLayers, _Contractive):
    """Stacked contractive autoencoder: the sum of every layer's own penalty, trained jointly.

    The loss of a row is its reconstruction, summed over the columns, plus `contraction` times

        Σ_l ‖∂h_l/∂h_{l-1}‖²_F,

    every layer's Jacobian at that layer's own input. That sum is no bound of the whole encoder's
    Jacobian: `DeepCAE` contracts what is meant. A weight of one is not a weight of the other;
    compare them at equal `entivec.evaluate.jacobian_norm`.

    The code layer is activated. A pure chain as published; PCA of the same width is reported
    beside it, and guaranteed with ``linear_path=True``, whose kernel's squared norm then counts
    too.

    {parameters}

    Methods and attributes are those of `AutoEncoder`.

    References
    ----------
    Bertrand et al., Autoencoder-based General Purpose Representation Learning for Customer
    Embedding, eq. (9).

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> entivec.StackedCAE(8, max_steps=50).fit_transform(customers).shape
    (300, 8)
    """


@estimator
class DeepCAE(HiddenLayers, _Contractive):
    """Contractive autoencoder of any depth: the Jacobian of the whole encoder.

    The loss of a row is its reconstruction, summed over the columns, plus `contraction` times

        ‖∂z/∂x‖²_F,   ∂z/∂x = D_k W_k ... D_1 W_1,   D_l = diag(act'(a_l)).

    x is the encoded row with its one-hot cells; missing cells and their marks do not count. The
    norm is exact, or estimated without bias, value and gradient, by ‖Jᵀu‖² with random vectors u
    of ±1 (Hoffman et al. 2019), one vector-Jacobian product each. Exact, the chain is associated
    from the side of the code and closed by the Gram matrix W_1 W_1ᵀ where that is narrower, so
    that a row costs the same however wide the table.

    The code layer is activated. A pure chain as published; PCA of the same width is reported
    beside it, and guaranteed with ``linear_path=True``, whose kernel adds to the Jacobian.

    {parameters}

    Methods and attributes are those of `AutoEncoder`, and one more.

    Attributes
    ----------
    jacobian_plan_ : JacobianPlan
        How the penalty was computed, with the counted products of every way.

    Notes
    -----
    Errata of Bertrand et al.: eq. (5) prints the slope of one layer without its square. Their
    eq. (10) builds the Jacobian from the side of the input, n_l × p matrices at every layer.

    References
    ----------
    Bertrand et al., Autoencoder-based General Purpose Representation Learning for Customer
    Embedding. Hoffman, Roberts & Yaida 2019, Robust Learning with Jacobian Regularization.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.DeepCAE(8, max_steps=50).fit(customers)
    >>> model.transform(customers).shape, model.jacobian_plan_.mode
    ((300, 8), 'exact')
    """

    jacobian: str = parameter(
        default="auto",
        allowed=[StrOptions({"auto", "exact", "probe"})],
        kind='{"auto", "exact", "probe"}',
        meaning="""
        "auto" is exact unless that takes more than twice the products of a step without penalty.
        """,
    )
    n_probes: int = parameter(
        default=1,
        allowed=POSITIVE,
        kind="int",
        meaning='Random vectors a row and step under "probe".',
    )

    def _sizes(self, task: Task, width: int) -> Sizes:
        sizes = super()._sizes(task, width)
        plan = self._plan(task, sizes)
        return replace(
            sizes,
            contraction="whole",
            probes=plan.n_vectors if plan.mode == "probe" else 0,
            gram=plan.closing == "gram",
        )

    def _plan(self, task: Task, sizes: Sizes) -> JacobianPlan:
        layout = task.layout
        return plan_jacobian(
            task.compiled.inputs,
            len(layout.dense_source) + int(layout.dense_gap.sum()) + len(layout.code_source),
            [*sizes.hidden, sizes.code],
            sizes.code if sizes.linear_path else 0,
            min(int(self.batch_size), len(task.rows)),
            self.jacobian,
            int(self.n_probes),
        )

    def _set_fitted(self, table: TableEncoder, training: NetworkTraining, network: Network) -> None:
        super()._set_fitted(table, training, network)
        self.jacobian_plan_ = self._plan(training.task, training.network.sizes)

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted estimator, its parameters left out, as JSON and named arrays."""
        document, arrays = super().to_state()
        return document | {"jacobian_plan": asdict(self.jacobian_plan_)}, arrays

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        super()._restore(document, arrays)
        self.jacobian_plan_ = JacobianPlan(**document["jacobian_plan"])
