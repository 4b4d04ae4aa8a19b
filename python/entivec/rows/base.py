"""What every autoencoder over rows shares: tables in, embeddings out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_array, check_is_fitted

from entivec.base import estimator
from entivec.base.frames import aligned_with, is_frame, with_index
from entivec.base.source import Derived, is_source, scan
from entivec.base.training import State
from entivec.rows.guard import Verdict
from entivec.rows.guarded import Guarded
from entivec.rows.guided import Guided
from entivec.rows.large import Large, columns_of
from entivec.rows.network import Network, Sizes
from entivec.rows.parameters import RowParameters
from entivec.rows.scores import Scored
from entivec.rows.state import SavedRows
from entivec.rows.task import (
    RowOptions,
    Task,
    fit_pca,
    held_out_rows,
    new_network,
    prepare,
)
from entivec.rows.training import NetworkTraining
from entivec.rows.weights import row_weights, weighed_by_bags
from entivec.rows.width import Width, smallest_width
from entivec.table import Blocks, TableEncoder

if TYPE_CHECKING:
    from typing_extensions import Self


@estimator
class RowAutoEncoder(Scored, Guarded, Guided, SavedRows, RowParameters):
    """Base of the estimators that embed the rows of a table.

    A subclass brings its parameters and the `Sizes` of its network.
    """

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
            are numbers (squared error, standardised). Missing labels are left out. A Series or
            DataFrame with the index labels of `X` in another order is brought into that of `X`,
            since the labels say which row is which; one with labels of its own is taken by
            position, as scikit-learn does. Such a fit
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
        start = network.params
        training = self._train(network, task, options, resume)
        verdict = self._verdict(table, training, start, pca, resume)
        self._adopt(table, training, verdict)
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
        if is_source(X):
            raise ValueError("partial_fit takes a frame, one after the other; fit takes a file")
        resume = hasattr(self, "network_")
        table, task, sizes, options = self._begin(X, y, sample_weight, resume, one_pass=True)
        if resume:
            network, state = self._resume(sizes)
        else:
            pca = fit_pca(task, sizes, options)
            network = new_network(task, sizes, pca, options)
            state = State.start(network.params)
        records = self.history_.to_dict("records") if resume else []
        training = NetworkTraining(options, state, records, network=network, task=task)
        training.run()
        self._set_fitted(table, training, network)
        return self

    def _train(
        self, network: Network, task: Task, options: RowOptions, resume: bool
    ) -> NetworkTraining:
        """Train `network`, from its start or from a former fit."""
        training = NetworkTraining(options, State.start(network.params), network=network, task=task)
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
        if is_source(X):
            return self._of_source(X, self.transform)
        return self._as_output(self._encode(X), X.index if is_frame(X) else None)

    def inverse_transform(self, X: Any) -> Any:
        """Decode embeddings into rows of the original table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_components_)
            Of a DataFrame, the components are found by name, in any order.

        Returns
        -------
        DataFrame or ndarray
            Same columns, order and dtypes as in `fit`; the index of `X` where it has one.

        Raises
        ------
        ValueError
            If the number or the names of the components differ, or a value is not finite.
        """
        check_is_fitted(self, "network_")
        codes = check_array(self._in_order(X), dtype=np.float32)
        if codes.shape[1] != self.n_components_:
            raise ValueError(
                f"inverse_transform expects {self.n_components_} components, the columns that"
                f" transform gives, but X has {codes.shape[1]}."
            )
        blocks = self.network_.decode(codes, self._threads())
        return with_index(self.table_.inverse_transform(blocks), X)

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
        return with_index(self.table_.inverse_transform(blocks), X)

    # Shared steps

    def _of_source(self, X: Any, function: Callable[[Any], Any]) -> Derived:
        """What `function` makes of the columns of training of a table on disk, lazily."""
        check_is_fitted(self, "network_")
        names = list(self.feature_names_in_)
        source = scan(X).only(names)
        return Derived(source, lambda frame: function(frame[names]))

    def _in_order(self, X: Any) -> Any:
        """Embeddings with the components in the order of `transform`."""
        names = list(self.get_feature_names_out())
        if not is_frame(X) or list(X.columns) in (names, list(range(len(names)))):
            return X
        foreign = [name for name in X.columns if name not in names]
        if foreign or len(X.columns) != len(names):
            raise ValueError(
                f"inverse_transform expects {len(names)} components, {names[0]!r} to {names[-1]!r},"
                + (f" but X has a column {foreign[0]!r}" if foreign else f" but X has {X.shape[1]}")
                + "; pass what transform gave, in any order."
            )
        return X[names]

    def _begin(
        self,
        X: Any,
        y: Any,
        sample_weight: npt.ArrayLike | None,
        resume: bool,
        one_pass: bool = False,
    ) -> tuple[TableEncoder, Task, Sizes, RowOptions]:
        """Check the parameters and read the table: all that can be wrong before training."""
        self._check_parameters()
        large = None
        if is_source(X):
            X, y, large = self._opened(X, y, sample_weight)
        table = self.table_ if resume else self._new_table(X)
        blocks = table.transform(X) if resume else table.fit_transform(X)
        if large is not None:
            counted = large.count(table, blocks, self._threads())
            table = table if resume else counted
        if not table.layout_.sources:
            raise ValueError(
                f"Every column of X is constant over its n_samples={len(blocks.dense)} row(s), so"
                " there is nothing to embed. Pass rows that differ."
            )
        self._check_blocks(table, blocks)
        y, sample_weight = aligned_with(X, y), aligned_with(X, sample_weight)
        options = self._options(table, one_pass)
        if resume and not one_pass:
            options = replace(options, anneal=0)  # the former fit has
        weights = row_weights(sample_weight, len(blocks.dense))
        fraction = 0.0 if one_pass else float(self.validation_fraction)
        guided = self._guide(y, len(blocks.dense), resume)
        rows = len(blocks.dense)
        if guided is None and large is None:
            weights = weighed_by_bags(weights, blocks, table.layout_)
        bound = guided is not None or resume or large is not None
        folded = self._folded(rows, fraction, bound)
        held_out = 0 if folded else held_out_rows(rows, fraction, self._guarded())
        task = prepare(table.layout_, blocks, weights, held_out, options.seed, guided)
        task.former = self._resumable[0].sizes if resume else None
        if large is not None:
            options = large.limited(options)
            task.large, task.stream = large, large.stream(task, table, options)
        width = self._width(task, options)
        task.why_width = width.reason
        return table, task, self._sizes(task, width.components), options

    def _opened(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Large | None]:
        """A table on disk: all of it where it fits in memory, else a sample, and what it is of."""
        source = scan(X)
        columns = columns_of(source, y, sample_weight)
        large = Large.of(source, columns, self._seed())
        frame = source.collect() if large is None else large.sample.frame
        return *columns.split(frame), large

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._hidden()
        self._check_limits()
        if self.noise in ("mask", "swap") and self.noise_level > 1:
            raise ValueError(
                f"noise_level is the share of cells to {self.noise} and must be at most 1; got"
                f" {self.noise_level!r}."
            )
        self._threads()

    def _check_blocks(self, table: TableEncoder, blocks: Blocks) -> None:
        """Raise where a subclass cannot use what the table holds."""

    def _new_table(self, X: Any) -> TableEncoder:
        return TableEncoder() if self.table is None else clone(self.table)

    def _hidden(self, rows: int = 0, former: Sizes | None = None) -> tuple[int, ...]:
        """Hidden layers for so many rows; `HiddenLayers` lets the user say."""
        return ()

    def _width(self, task: Task, options: RowOptions) -> Width:
        """Width of the code and why."""
        wanted, most = self.n_components, task.compiled.encoded
        if isinstance(wanted, str):  # "auto"
            if task.former is not None:
                return Width(task.former.code, "as in the former fit")
            return smallest_width(task, options)
        if not isinstance(wanted, Integral):
            return Width(min(max(round(wanted * most), 1), most), f"{wanted:g} of {most} encoded")
        return Width(min(int(wanted), most), "as asked for")

    def _sizes(self, task: Task, width: int) -> Sizes:
        """The network's shape for a table; subclasses replace what they are about."""
        return Sizes(
            hidden=self._hidden(task.table.rows, task.former),
            code=width,
            activation=self.activation,
            linear_path=bool(self.linear_path),
            nonlinear_penalty=1.0,
            l2=float(self.l2),
        )

    def _options(self, table: TableEncoder, one_pass: bool) -> RowOptions:
        own: dict[str, Any] = {"unknown_rate": float(table.unknown_rate), "anneal": self._anneal()}
        if one_pass:
            own |= {"max_steps": None, "max_epochs": 1}
            own |= {"schedule": "constant", "early_stopping": False}
        return RowOptions.of(self, **own)

    def _anneal(self) -> int | float:
        """Steps, or a share of the training, in which terms of the loss grow to their size."""
        return 0

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

    def _adopt(self, table: TableEncoder, training: NetworkTraining, verdict: Verdict) -> None:
        self._set_fitted(table, training, verdict.network)
        self.validation_score_ = verdict.score
        self.pca_validation_score_ = verdict.pca_score
        self.kept_ = verdict.reason

    def _set_fitted(self, table: TableEncoder, training: NetworkTraining, network: Network) -> None:
        self.table_ = table
        self.network_ = network
        self.n_components_ = network.width
        self.why_n_components_ = training.task.why_width
        self.history_ = training.history()
        self.n_iter_ = int(self.history_["step"].iloc[-1]) if len(self.history_) else 0
        self._resumable = (training.network, training.state)
