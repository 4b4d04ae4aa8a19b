"""The contractive autoencoders: codes that hold still where the input moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from entivec.rows.base import RowAutoEncoder
from entivec.rows.jacobian_plan import JacobianPlan, plan_jacobian
from entivec.rows.network import Network, Sizes
from entivec.rows.task import Task, check_probabilities
from entivec.rows.training import Training
from entivec.table import Blocks, TableEncoder

SMOOTH = ("tanh", "sigmoid", "gelu", "silu")


class _Contractive(RowAutoEncoder):
    """What the contractive autoencoders share: the code layer is activated and contracted."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RowAutoEncoder._parameter_constraints,
        "activation": [StrOptions(set(SMOOTH))],
        "contraction": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        contraction: float = 0.1,
        hidden_layer_sizes: Sequence[int] = (256, 128),
        activation: str = "tanh",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        noise: str | None = None,
        noise_level: float = 0.2,
        linear_path: bool = False,
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        batch_size: int = 256,
        max_steps: int | None = 1500,
        max_epochs: int | None = 250,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = 0,
        n_jobs: int | None = None,
        matmul_precision: str = "float32",
        verbose: bool = False,
        table: TableEncoder | None = None,
        guide_weight: float | Mapping[Any, float] = 1.0,
    ) -> None:
        super().__init__(
            n_components,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            init=init,
            dropout=dropout,
            l2=l2,
            noise=noise,
            noise_level=noise_level,
            linear_path=linear_path,
            learning_rate=learning_rate,
            schedule=schedule,
            batch_size=batch_size,
            max_steps=max_steps,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            n_jobs=n_jobs,
            matmul_precision=matmul_precision,
            verbose=verbose,
            table=table,
            guide_weight=guide_weight,
        )
        self.contraction = contraction

    def _sizes(self, task: Task) -> Sizes:
        return replace(
            super()._sizes(task),
            code_activation=True,
            contraction="layers",
            contraction_weight=float(self.contraction),
        )


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

    Parameters
    ----------
    contraction : float, default 0.1
        Weight of the penalty; 0 for none.
    activation : {"tanh", "sigmoid"}, default "tanh"
    tied_weights : bool, default False
        The decoder's kernel is the encoder's transposed: every cell is rebuilt from the row of W
        that reads it, a two-level column from the difference of its two. `n_components` is then
        not bounded by the width of the table. Not with `linear_path`.
    loss : {"squared_error", "cross_entropy"}, default "squared_error"
        Of columns of numbers. "cross_entropy" reads numbers in [0, 1] as probabilities, such as
        the grey of a picture, and counts all columns in nats; pass
        ``table=TableEncoder(scale="none")`` with it.
    **others
        Parameters, methods and attributes are those of `AutoEncoder`, without
        `hidden_layer_sizes`; `l2` decays the encoder's kernel.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Contractive._parameter_constraints,
        "activation": [StrOptions({"tanh", "sigmoid"})],
        "tied_weights": ["boolean"],
        "loss": [StrOptions({"squared_error", "cross_entropy"})],
    }

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        contraction: float = 0.1,
        activation: str = "tanh",
        tied_weights: bool = False,
        loss: str = "squared_error",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        noise: str | None = None,
        noise_level: float = 0.2,
        linear_path: bool = False,
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        batch_size: int = 256,
        max_steps: int | None = 1500,
        max_epochs: int | None = 250,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = 0,
        n_jobs: int | None = None,
        matmul_precision: str = "float32",
        verbose: bool = False,
        table: TableEncoder | None = None,
        guide_weight: float | Mapping[Any, float] = 1.0,
    ) -> None:
        super().__init__(
            n_components,
            contraction=contraction,
            hidden_layer_sizes=(),
            activation=activation,
            init=init,
            dropout=dropout,
            l2=l2,
            noise=noise,
            noise_level=noise_level,
            linear_path=linear_path,
            learning_rate=learning_rate,
            schedule=schedule,
            batch_size=batch_size,
            max_steps=max_steps,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            n_jobs=n_jobs,
            matmul_precision=matmul_precision,
            verbose=verbose,
            table=table,
            guide_weight=guide_weight,
        )
        self.tied_weights = tied_weights
        self.loss = loss

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

    def _sizes(self, task: Task) -> Sizes:
        sizes = super()._sizes(task)
        if self.tied_weights and isinstance(self.n_components, Integral):
            sizes = replace(sizes, code=int(self.n_components))
        return replace(
            sizes,
            # With a linear path the two parts of the Jacobian add up before the norm is taken.
            contraction="whole" if self.linear_path else "layers",
            bernoulli=self.loss == "cross_entropy",
            tied_weights=bool(self.tied_weights),
        )


class StackedCAE(_Contractive):
    """Stacked contractive autoencoder: the sum of every layer's own penalty, trained jointly.

    The loss of a row is its reconstruction, summed over the columns, plus `contraction` times

        Σ_l ‖∂h_l/∂h_{l-1}‖²_F,

    every layer's Jacobian at that layer's own input. That sum is no bound of the whole encoder's
    Jacobian: `DeepCAE` contracts what is meant. A weight of one is not a weight of the other;
    compare them at equal `entivec.evaluate.jacobian_norm`.

    The code layer is activated. A pure chain as published; PCA of the same width is reported
    beside it, and guaranteed with ``linear_path=True``, whose kernel's squared norm then counts
    too.

    Parameters
    ----------
    contraction : float, default 0.1
        Weight of the penalty; 0 for none.
    hidden_layer_sizes : sequence of int, default (256, 128)
    activation : {"tanh", "sigmoid", "gelu", "silu"}, default "tanh"
    **others
        Parameters, methods and attributes are those of `AutoEncoder`.

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


class DeepCAE(_Contractive):
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

    Parameters
    ----------
    contraction : float, default 0.1
        Weight of the penalty; 0 for none.
    jacobian : {"auto", "exact", "probe"}, default "auto"
        "auto" is exact unless that takes more than twice the products of a step without penalty.
    n_probes : int, default 1
        Random vectors a row and step under "probe".
    hidden_layer_sizes : sequence of int, default (256, 128)
    activation : {"tanh", "sigmoid", "gelu", "silu"}, default "tanh"
    **others
        Parameters, methods and attributes are those of `AutoEncoder`.

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
    ((300, 8), 'probe')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Contractive._parameter_constraints,
        "jacobian": [StrOptions({"auto", "exact", "probe"})],
        "n_probes": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        contraction: float = 0.1,
        jacobian: str = "auto",
        n_probes: int = 1,
        hidden_layer_sizes: Sequence[int] = (256, 128),
        activation: str = "tanh",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        noise: str | None = None,
        noise_level: float = 0.2,
        linear_path: bool = False,
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        batch_size: int = 256,
        max_steps: int | None = 1500,
        max_epochs: int | None = 250,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = 0,
        n_jobs: int | None = None,
        matmul_precision: str = "float32",
        verbose: bool = False,
        table: TableEncoder | None = None,
        guide_weight: float | Mapping[Any, float] = 1.0,
    ) -> None:
        super().__init__(
            n_components,
            contraction=contraction,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            init=init,
            dropout=dropout,
            l2=l2,
            noise=noise,
            noise_level=noise_level,
            linear_path=linear_path,
            learning_rate=learning_rate,
            schedule=schedule,
            batch_size=batch_size,
            max_steps=max_steps,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            n_jobs=n_jobs,
            matmul_precision=matmul_precision,
            verbose=verbose,
            table=table,
            guide_weight=guide_weight,
        )
        self.jacobian = jacobian
        self.n_probes = n_probes

    def _sizes(self, task: Task) -> Sizes:
        sizes = super()._sizes(task)
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

    def _set_fitted(self, table: TableEncoder, training: Training, network: Network) -> None:
        super()._set_fitted(table, training, network)
        self.jacobian_plan_ = self._plan(training.task, training.network.sizes)
