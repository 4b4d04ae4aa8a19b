"""What every autoencoder over rows shares: tables in, embeddings out, errors by column, files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_array,
    check_is_fitted,
    check_random_state,
)

from entivec import _core
from entivec.rows.guides import Guide, check_guide_weight, fit_guide
from entivec.rows.network import Network, Sizes
from entivec.rows.task import Options, Task, fit_pca, new_network, pca_network, prepare
from entivec.rows.training import State, Training
from entivec.table import Blocks, TableEncoder

if TYPE_CHECKING:
    from typing_extensions import Self

ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu", "gelu", "silu")
NOISES = ("gaussian", "mask", "swap")
MOST_CELLS = 1 << 25  # of a table that is embedded at once
CORE_PIECE = 256  # rows that the core computes together: whole numbers of them keep the bits


class RowAutoEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the estimators that embed the rows of a table.

    A subclass brings its parameters, their constraints, and the `Sizes` of its network.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "init": [StrOptions({"pca", "random"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "noise": [StrOptions(set(NOISES)), None],
        "noise_level": [Interval(Real, 0, None, closed="left")],
        "linear_path": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"cosine", "constant"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_steps": [Interval(Integral, 1, None, closed="left"), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "matmul_precision": [StrOptions({"float32", "bfloat16"})],
        "verbose": ["verbose"],
        "table": [TableEncoder, None],
        "guide_weight": [Real, Mapping],
    }

    def __init__(
        self,
        n_components: int | float = 16,
        *,
        hidden_layer_sizes: Sequence[int] = (256, 128),
        activation: str = "gelu",
        init: str = "pca",
        dropout: float = 0.0,
        l2: float = 0.0,
        noise: str | None = "swap",
        noise_level: float = 0.2,
        linear_path: bool = True,
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
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
        self.dropout = dropout
        self.l2 = l2
        self.noise = noise
        self.noise_level = noise_level
        self.linear_path = linear_path
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.matmul_precision = matmul_precision
        self.verbose = verbose
        self.table = table
        self.guide_weight = guide_weight

    # Fitting

    def fit(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Fit the table codec and train the network.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
            One row an entity; any dtypes, missing values allowed.
        y : Series, DataFrame or array-like of shape (n,) or (n, targets), optional
            Targets that guide the code (Seleznev 2018): to the loss is added, for each target,
            `guide_weight` times the loss of an affine head on the code. Text, booleans, category
            dtype and whole numbers of at most 20 values are classes (cross-entropy), other numbers
            are numbers (squared error, standardised). Missing labels are left out. Such a fit
            keeps its network even where PCA reconstructs better. Without `y` nothing changes, bit
            by bit. Note that scikit-learn's pipelines pass `y` on: set ``guide_weight=0`` there
            to embed without it.
        sample_weight : array-like of shape (n,), optional
            Non-negative weight of each row in the loss, the PCA start and the scores.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a column or a cell cannot be used; the message names it.
        FloatingPointError
            If training diverges. A former fit is left as it was.
        """
        resume = bool(self.warm_start) and hasattr(self, "network_")
        table, task, sizes, options = self._begin(X, y, sample_weight, resume)
        pca = fit_pca(task, sizes, options)
        if resume:
            network, _ = self._resume(sizes)
        else:
            network = new_network(task, sizes, pca, options)
        training = self._train(network, task, options, resume)
        self._adopt(table, training, pca)
        return self

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> Any:
        """Fit and embed the same rows; see `fit` and `transform`."""
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one pass over more rows, at a constant learning rate.

        The first call fits the table codec and the PCA start on its rows; later rows are read with
        them: levels not seen in the first call count as unknown. No rows are held out, so
        `validation_score_` stays what the last `fit` measured, if any.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        y : targets, optional
            As in `fit`; they guide where the first call had them.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`.
        FloatingPointError
            If training diverges. The former state is left as it was.
        """
        resume = hasattr(self, "network_")
        table, task, sizes, options = self._begin(X, y, sample_weight, resume, one_pass=True)
        if resume:
            network, state = self._resume(sizes)
        else:
            pca = fit_pca(task, sizes, options)
            network = new_network(task, sizes, pca, options)
            state = State.start(network.params)
        records = self.history_.to_dict("records") if resume else []
        training = Training(network, task, options, state, records)
        training.run()
        self._set_fitted(table, training, network)
        return self

    def _train(self, network: Network, task: Task, options: Options, resume: bool) -> Training:
        """Train `network`, from its start or from a former fit."""
        training = Training(network, task, options, State.start(network.params))
        training.run()
        return training

    # Embedding

    def transform(self, X: Any) -> Any:
        """Embed rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
            The columns of `fit`, found by name in any order. Missing cells and unseen levels are
            fine.

        Returns
        -------
        DataFrame or ndarray of shape (n, n_components_), float32
            A DataFrame with the index of `X` for a DataFrame, unless `set_output` says otherwise.

        Raises
        ------
        ValueError
            If a column is missing, extra, or of another kind than in `fit`.
        """
        codes = self._encode(X)
        if _is_frame(X) and _get_output_config("transform", self)["dense"] == "default":
            return pd.DataFrame(codes, index=X.index, columns=self.get_feature_names_out())
        return codes

    def inverse_transform(self, X: Any) -> Any:
        """Decode embeddings into rows of the original table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_components_)

        Returns
        -------
        DataFrame or ndarray
            Same columns, order and dtypes as in `fit`; the index of `X` where it has one.

        Raises
        ------
        ValueError
            If the number of components differs or a value is not finite.
        """
        check_is_fitted(self, "network_")
        codes = check_array(X, dtype=np.float32)
        if codes.shape[1] != self.n_components_:
            raise ValueError(
                f"inverse_transform expects {self.n_components_} components, the columns that"
                f" transform gives, but X has {codes.shape[1]}."
            )
        blocks = self.network_.decode(codes, self._threads())
        return _with_index(self.table_.inverse_transform(blocks), X)

    def reconstruct(self, X: Any) -> Any:
        """Encode and decode rows: what the embedding keeps of them, with gaps filled.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        DataFrame or ndarray
            As `inverse_transform`, with the index of `X`.
        """
        blocks = self.network_.decode(self._encode(X), self._threads())
        return _with_index(self.table_.inverse_transform(blocks), X)

    # Errors and scores

    def reconstruction_error(self, X: Any, per_column: bool = False) -> Any:
        """Reconstruction error of each row, or of each cell.

        The error of a continuous cell is its squared error in scaled units, that of a categorical
        cell its cross-entropy divided by the square root of the column's entropy (nats): what
        training minimises. A row's error is the mean over its observed cells.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        per_column : bool, default False

        Returns
        -------
        Series or ndarray of shape (n,), or DataFrame or ndarray of shape (n, modelled columns)
            pandas objects with the index of `X` for a DataFrame. Missing cells are NaN; so is the
            error of a row with no observed cell.
        """
        blocks = self._blocks(X)
        errors = self.network_.errors(blocks, self._threads())
        sources = self.table_.layout_.sources
        if per_column:
            return pd.DataFrame(errors, index=X.index, columns=sources) if _is_frame(X) else errors
        observed = np.isfinite(errors)
        with np.errstate(invalid="ignore"):
            rows = np.where(observed, errors, 0).sum(axis=1) / observed.sum(axis=1)
        return pd.Series(rows, index=X.index, name="reconstruction_error") if _is_frame(X) else rows

    def score_samples(self, X: Any) -> np.ndarray:
        """Negative reconstruction error of each row: the lower, the more unusual the row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        ndarray of shape (n,)
        """
        return -np.asarray(self.reconstruction_error(X))

    def score(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Pooled explained variance over scaled numbers and one-hot levels, observed cells only.

        PCA's own criterion: 1 - sum of squared errors / sum of squared deviations from the
        training mean. 1 is perfect, 0 no better than the mean row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        y : ignored
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        blocks = self._blocks(X)
        weights = self._weights(sample_weight, len(blocks.dense))
        _, explained = self.network_.score(self.network_.table(blocks), weights, self._threads())
        return explained

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict(self, X: Any) -> Any:
        """Predict the targets from the embedding, by the head that guided it.

        Only after a fit with `y`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        Series, DataFrame or ndarray
            As `y` was; pandas objects with the index of `X` where it has one.
        """
        guide, predictions, index = self._guess(X)
        return guide.predict(predictions, index)

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes of every target that has classes.

        Only after a fit with `y`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        DataFrame of shape (n, classes), or dict of target name to such DataFrames
            Columns are the classes, sorted; a dict where `y` has several targets with classes.

        Raises
        ------
        AttributeError
            If no target has classes.
        """
        guide, predictions, index = self._guess(X)
        return guide.predict_proba(predictions, index)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one pickle-free file; read it with `entivec.load`.

        Parameters
        ----------
        path : path-like
            Written atomically: a former file stays whole until the new one is.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        from entivec.rows.persistence import save

        save(self, path)

    # scikit-learn

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in `fit`."""
        check_is_fitted(self, "table_")
        return int(self.table_.n_features_in_)

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns seen in `fit`; only defined for a DataFrame."""
        return self.__getattribute__("table_").feature_names_in_  # type: ignore[no-any-return]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        tags.target_tags.multi_output = True
        tags.classifier_tags = ClassifierTags()  # of predict_proba, after a fit with classes
        return tags

    # Shared steps

    def _has_guide(self) -> bool:
        if hasattr(self, "network_") and self.network_.guide is None:
            raise AttributeError(
                f"This {type(self).__name__} was fitted without targets; fit(X, y) to predict."
            )
        return hasattr(self, "network_")

    def _guess(self, X: Any) -> tuple[Guide, np.ndarray, pd.Index | None]:
        predictions = self.network_.guess(self._blocks(X), self._threads())
        guide = self.network_.guide
        assert guide is not None  # what makes predict available
        return guide, predictions, X.index if _is_frame(X) else None

    def _begin(
        self,
        X: Any,
        y: Any,
        sample_weight: npt.ArrayLike | None,
        resume: bool,
        one_pass: bool = False,
    ) -> tuple[TableEncoder, Task, Sizes, Options]:
        """Check the parameters and read the table: all that can be wrong before training."""
        self._check_parameters()
        table = self.table_ if resume else self._new_table()
        blocks = table.transform(X) if resume else table.fit_transform(X)
        if not table.layout_.sources:
            raise ValueError(
                f"Every column of X is constant over its n_samples={len(blocks.dense)} row(s), so"
                " there is nothing to embed. Pass rows that differ."
            )
        self._check_blocks(table, blocks)
        options = self._options(table, one_pass)
        if resume and not one_pass:
            options = replace(options, anneal=0)  # the former fit has
        weights = self._weights(sample_weight, len(blocks.dense))
        fraction = 0.0 if one_pass else float(self.validation_fraction)
        guided = self._guide(y, len(blocks.dense), resume)
        task = prepare(table.layout_, blocks, weights, fraction, options.seed, guided)
        return table, task, self._sizes(task), options

    def _guide(self, y: Any, rows: int, resume: bool) -> tuple[Guide, Blocks] | None:
        """The targets' codec and values; None where nothing guides."""
        given = self.guide_weight
        weights = given.values() if isinstance(given, Mapping) else (given,)
        if y is None or (weights and not any(weights)):
            return None
        given_rows = _num_samples(y)
        if given_rows != rows:
            raise ValueError(
                f"y has {given_rows} rows and X has {rows}; give one row of targets for each row"
                " of X."
            )
        if not resume:
            return fit_guide(y, self.guide_weight)
        guide = self._resumable[0].guide
        if guide is None:
            raise ValueError(
                "Training began without targets and can only go on without them; fit anew with"
                " warm_start=False to be guided by y."
            )
        return guide, guide.encode(y)

    def _check_parameters(self) -> None:
        self._validate_params()
        sizes = tuple(self.hidden_layer_sizes)
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
                raise ValueError(
                    f"hidden_layer_sizes must be positive whole numbers such as (256, 128), or ()"
                    f" for a linear model; got {sizes!r}."
                )
        if self.max_steps is None and self.max_epochs is None:
            raise ValueError("max_steps and max_epochs are both None; set at least one of them.")
        if self.noise in ("mask", "swap") and self.noise_level > 1:
            raise ValueError(
                f"noise_level is the share of cells to {self.noise} and must be at most 1; got"
                f" {self.noise_level!r}."
            )
        check_guide_weight(self.guide_weight)
        _core.resolve_n_jobs(self.n_jobs)

    def _check_blocks(self, table: TableEncoder, blocks: Blocks) -> None:
        """Raise where a subclass cannot use what the table holds."""

    def _new_table(self) -> TableEncoder:
        return TableEncoder() if self.table is None else clone(self.table)

    def _threads(self) -> int:
        return _core.resolve_n_jobs(self.n_jobs)

    def _sizes(self, task: Task) -> Sizes:
        """The network's shape for a table; subclasses replace what they are about."""
        wanted, width = self.n_components, task.compiled.encoded
        code = round(wanted * width) if not isinstance(wanted, Integral) else int(wanted)
        return Sizes(
            hidden=tuple(int(size) for size in self.hidden_layer_sizes),
            code=min(max(code, 1), width),
            activation=self.activation,
            linear_path=bool(self.linear_path),
            nonlinear_penalty=1.0,
            l2=float(self.l2),
        )

    def _options(self, table: TableEncoder, one_pass: bool) -> Options:
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        return Options(
            init=self.init,
            noise=self.noise,
            noise_level=float(self.noise_level),
            unknown_rate=float(table.unknown_rate),
            dropout=float(self.dropout),
            anneal=self._anneal(),
            learning_rate=float(self.learning_rate),
            schedule="constant" if one_pass else self.schedule,
            batch_size=int(self.batch_size),
            max_steps=None if one_pass else self.max_steps,
            max_epochs=1 if one_pass else self.max_epochs,
            early_stopping=bool(self.early_stopping) and not one_pass,
            patience=int(self.patience),
            seed=seed,
            threads=self._threads(),
            matmul_precision=self.matmul_precision,
            verbose=bool(self.verbose),
        )

    def _anneal(self) -> int | float:
        """Steps, or a share of the training, in which terms of the loss grow to their size."""
        return 0

    def _weights(self, sample_weight: npt.ArrayLike | None, rows: int) -> np.ndarray | None:
        """Row weights with mean one, or None."""
        if sample_weight is None:
            return None
        weights = _check_sample_weight(
            sample_weight, np.empty((rows, 1)), dtype=np.float64, ensure_non_negative=True
        )
        if not weights.sum() > 0:
            raise ValueError("sample_weight is zero for every row; give at least one row weight.")
        return np.asarray(weights / weights.mean(), dtype=np.float32)

    def _resume(self, sizes: Sizes) -> tuple[Network, State]:
        """The network and optimiser state that a warm start or partial fit goes on from."""
        network, state = self._resumable
        if network.linear_heads:
            raise ValueError(
                "This model was loaded from a file that holds the PCA solution, which is not"
                " trained further. Fit anew with warm_start=False."
            )
        # How a penalty is computed may change with the number of rows; what it is may not.
        if replace(network.sizes, probes=sizes.probes, gram=sizes.gram) != sizes:
            raise ValueError(
                f"Training can only go on with the shape it began with, {network.sizes}; the"
                f" parameters now ask for {sizes}. Set warm_start=False and fit anew."
            )
        fresh = replace(network, sizes=sizes, _compiled=None, _guide_layout=None)
        return fresh, State(**vars(state))

    def _adopt(self, table: TableEncoder, training: Training, pca: _core.Pca) -> None:
        """Score the network beside PCA on the held-out rows and keep the better of the two."""
        trained, task, options = training.network, training.task, training.options
        baseline = pca_network(trained.layout, trained.sizes, pca)
        score, pca_score = (
            network.score(task.validation, task.validation_weights, options.threads)[1]
            for network in (trained, baseline)
        )
        guarded = trained.sizes.linear_path and not trained.sizes.variational
        keep_pca = guarded and trained.guide is None and pca_score > score
        self._set_fitted(table, training, baseline if keep_pca else trained)
        self.validation_score_ = max(score, pca_score) if keep_pca else score
        self.pca_validation_score_ = pca_score

    def _set_fitted(self, table: TableEncoder, training: Training, network: Network) -> None:
        self.table_ = table
        self.network_ = network
        self.n_components_ = network.width
        self.history_ = training.history()
        self.n_iter_ = int(self.history_["step"].iloc[-1]) if len(self.history_) else 0
        self._resumable = (training.network, training.state)

    def _blocks(self, X: Any) -> Blocks:
        if not hasattr(self, "network_"):  # the full check takes longer than a row
            check_is_fitted(self, "network_")
        return self.table_.transform(X)

    def _encode(self, X: Any) -> np.ndarray:
        """Embed rows, of a large table piece by piece, so that it is never copied as a whole."""
        rows = _piece_rows(X)
        if rows == 0:
            return self.network_.encode(self._blocks(X), self._threads())
        check_is_fitted(self, "network_")
        codes = np.empty((len(X), self.n_components_), dtype=np.float32)
        of = X.iloc if _is_frame(X) else X
        for first in range(0, len(X), rows):
            try:
                blocks = self.table_.transform(of[first : first + rows])
            except ValueError:
                self.table_.transform(X)  # fails as well, and counts rows from the first
                raise
            codes[first : first + rows] = self.network_.encode(blocks, self._threads())
        return codes


def _is_frame(X: Any) -> bool:
    return isinstance(X, pd.DataFrame)


def _piece_rows(X: Any) -> int:
    """Rows to embed at a time; 0 for all at once."""
    if not isinstance(X, (pd.DataFrame, np.ndarray)) or X.ndim != 2 or X.size <= MOST_CELLS:
        return 0
    return max(1, MOST_CELLS // X.shape[1] // CORE_PIECE) * CORE_PIECE


def _with_index(rows: Any, X: Any) -> Any:
    if _is_frame(rows) and _is_frame(X):
        rows.index = X.index
    return rows
