"""EntityEmbedder: frames that share an identifier in, one embedding out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from entivec.base import Embedder, NamedRows, estimator, parameter
from entivec.base.common import NOT_NEGATIVE
from entivec.base.nested import nest, unnest
from entivec.base.persistence import Arrays, prefixed, under
from entivec.base.values import pack, unpack
from entivec.entity.choice import MODELS, choose_model
from entivec.entity.frames import Frames, check_same_frames, one_of, read_frames, say
from entivec.entity.moments import Moments, all_rows, asked_rows, just_after, targets_of
from entivec.entity.sources import Known, Opened, Sources, sources_frame
from entivec.entity.views import View, restored
from entivec.rows.base import RowAutoEncoder
from entivec.table import TableEncoder
from entivec.table.cells import Name

if TYPE_CHECKING:
    from typing_extensions import Self

ALL = "all"


@estimator
class EntityEmbedder(NamedRows, Embedder):
    """Embed entities of which several frames know something: one embedding an identifier.

    The frames share a column of identifiers. One in which each stands once is a **table**: its
    columns are taken as they are (numbers alone: ready embeddings). In any other each row is an
    **event**, whose only column of dates is its time: `FactAggregator` sums events up, and
    `Item2Vec` averages vectors of the levels of columns that have more than 200. Edges and
    sequences are read by estimators that `sources` names; free text is read as text, that of events
    written one after another. All columns, joined by identifier, go to
    one estimator over rows, whose code is the embedding. `sources_` says what was made of each
    frame; `plan` says so before any work.

    Nothing at or after an identifier's cut-off is seen: events by their times, dates of tables by
    their values, and what is fitted (levels, vectors of items and nodes, networks that read
    sequences) sees what lies before the earliest cut-off. An identifier that a frame does not have
    is missing there: its counts are 0, all else is masked.

    {parameters}

    Attributes
    ----------
    sources_ : DataFrame
        A row for every way in which a frame is read: its kind, its time, the columns, the
        estimator, and the share of the rows that are ``missing`` in it.
    columns_ : DataFrame
        A row a column of the joined table: the frame, and the name within it.
    estimators_ : dict of frame to list
        The fitted estimators of the frames.
    model_ : estimator
        The fitted estimator over the joined rows.
    comparison_ : DataFrame
        Where models were compared: every model on held-out rows, PCA beside; see `choose_model`.
    n_components_ : int

    Examples
    --------
    >>> import entivec
    >>> orders = entivec.datasets.make_orders(300, random_state=0)
    >>> customers = orders.groupby("customer_id")["channel"].agg(first_channel="first")
    >>> frames = {"customers": customers.reset_index(), "orders": orders}
    >>> model = entivec.EntityEmbedder("customer_id", model="dense", n_components=8)
    >>> model.plan(frames)[["frame", "kind", "time"]].to_numpy().tolist()
    [['customers', 'table', ''], ['orders', 'facts', 'time']]
    >>> embedding = model.fit(frames).transform(frames, cutoff="2024-03-01")
    >>> embedding.shape, embedding.index.name
    ((294, 8), 'customer_id')
    >>> model.reconstruction_error(frames, per_source=True).columns.tolist()
    ['customers', 'orders']
    """

    _fitted: ClassVar[str] = "model_"

    entity: Name = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name",
        meaning="Of the identifiers, in every frame. It must be given.",
        kw_only=False,
    )
    sources: Mapping[str, Any] | None = parameter(
        default=None,
        allowed=[Mapping, None],
        kind="mapping of frame to what reads it, or None",
        meaning="""
        Where inference is not to decide: "table" or "events"; parameters of its FactAggregator,
        such as ``{"time": "started"}``; an estimator or a list of them (`FactAggregator`,
        `Item2Vec`, `Customer2Vec`, `Node2Vec`, `SequenceEncoder`, or one over rows), whose `entity`
        and `time` may be left out; None leaves the frame out.""",
        kw_only=False,
    )
    model: Any = parameter(
        default="auto",
        allowed=[StrOptions({"auto", *MODELS}), list, RowAutoEncoder],
        kind='"auto", name, list of names, or estimator over rows',
        meaning="""
        What embeds the joined rows: "linear", "dense", "conv", "deep_cae", "vae", "joint_vae", or
        an estimator. "auto", or a list of these, compares them on held-out rows, as `choose_model`
        does, by the reconstruction or, where `fit` has `y`, by how well a linear model predicts
        it.""",
        kw_only=False,
    )
    n_components: int | float | str = parameter(
        default=32,
        allowed=[
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        kind='int, float or "auto"',
        meaning="Width of the embedding; an estimator given as `model` has its own.",
        kw_only=False,
    )
    cutoff: Any = parameter(
        default=None,
        kind="time, Series by identifier, frame of pairs, or None",
        meaning="""
        As of when `fit` looks. A frame has a column named like `entity` and one of times, and may
        ask for several dates of one. None: just after the last event, or where `y` is indexed by
        identifier and cut-off, at those.""",
        kw_only=False,
    )
    population: str | None = parameter(
        default=None,
        allowed=[str, None],
        kind='name of a frame, "all" or None',
        meaning="""
        Whose identifiers the rows are, where neither cut-offs nor `entities` name them: those of a
        frame, or of all. None: those of the tables; others are counted in a warning and left out.
        Without tables, all.""",
    )
    text: str | None = parameter(
        default=None,
        allowed=[str, None],
        kind="str or None",
        meaning="""
        Folder or name of a model of sentence-transformers or model2vec that reads texts; None for
        words and their pieces, see `TableEncoder`.""",
    )
    balance: float = parameter(
        default=0.25,
        allowed=[Interval(Real, 0, 1, closed="both")],
        kind="float",
        meaning="""
        How much a source of many columns gives way to one of few. 0: every column counts alike, so
        that hundreds of facts drown a table of ten columns; 1: every source counts alike. Columns
        of tables count one, the n columns that are made of another source ``(few / n) ** balance``,
        few being the columns of the widest table, or without tables of the narrowest source.""",
    )
    guide_weight: float = parameter(
        default=1.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Of `y` in the training of `model`; 0 lets it choose among models alone.",
    )

    def plan(self, X: Any) -> pd.DataFrame:
        """Say what is going to be read of each frame, and how, before any work.

        Parameters
        ----------
        X : mapping of name to DataFrame, or to any frame with ``__arrow_c_stream__``

        Returns
        -------
        DataFrame
            As `sources_`.
        """
        self._check_parameters()
        sources = self._sources(read_frames(X))
        rows = self._rows(sources, self.cutoff, None, None)
        return sources_frame(sources, sources.views(rows.earliest))

    def fit(self, X: Any, y: Any = None) -> Self:
        """Read every frame, join what they say, and train.

        Parameters
        ----------
        X : mapping of name to DataFrame, or to any frame with ``__arrow_c_stream__``
            Frames that share the column `entity`.
        y : Series or DataFrame indexed by identifier, or by identifier and cut-off, optional
            Targets that guide the embedding, and choose the model where that is "auto"; labels may
            be missing.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a frame, a column or an identifier cannot be used; the message names it
            and says what to do. A former fit is left as it was.
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit, and return the embeddings of the same rows; see `fit`."""
        joined, rows = self._fit(X, y)
        return self._embedded(joined, rows)

    def transform(self, X: Any, cutoff: Any = None, entities: Any = None) -> Any:
        """Embed identifiers as of a cut-off.

        Parameters
        ----------
        X : mapping of name to frame
            The frames of `fit`, with new rows; one without any where nothing is known.
        cutoff : time, Series by identifier, or frame of pairs, optional
            Nothing at or after it is seen. None: the parameter `cutoff`, and where that is None
            too, just after the last event.
        entities : Index, optional
            These identifiers in this order; one that no frame has is missing everywhere.

        Returns
        -------
        DataFrame of shape (rows, n_components_), float32
            Indexed by identifier, or by identifier and cut-off where pairs were given.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If a frame is missing or unknown, or a column, a time or an identifier cannot be used.
        """
        check_is_fitted(self)
        return self._embedded(*self._joined(X, cutoff, entities))

    def join(self, X: Any, cutoff: Any = None, entities: Any = None) -> pd.DataFrame:
        """Return the joined table that is embedded: what all frames say, a row an identifier.

        Parameters
        ----------
        X, cutoff, entities
            As in `transform`.

        Returns
        -------
        DataFrame of shape (rows, columns)
            Columns are pairs of frame and name, so that ``joined["orders"]`` is what orders say.
        """
        check_is_fitted(self)
        joined, rows = self._joined(X, cutoff, entities)
        return self._grouped(joined).set_axis(rows.index)

    def inverse_transform(self, X: Any) -> pd.DataFrame:
        """Decode embeddings into what the frames say.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_components_)

        Returns
        -------
        DataFrame of shape (n, columns)
            As `join`, with the index of `X`.
        """
        check_is_fitted(self)
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(X))
        decoded = self.model_.inverse_transform(np.asarray(X))
        return self._grouped(decoded).set_axis(index)

    def reconstruction_error(
        self,
        X: Any,
        cutoff: Any = None,
        entities: Any = None,
        *,
        per_column: bool = False,
        per_source: bool = False,
    ) -> Any:
        """Reconstruction error of each row, by column or by source where asked.

        Parameters
        ----------
        X, cutoff, entities
            As in `transform`.
        per_column : bool, default False
            Of every column, by frame and name, whatever it weighs; NaN where a cell is missing.
        per_source : bool, default False
            The mean over the observed columns of each frame.

        Returns
        -------
        Series of shape (n,) or DataFrame
        """
        check_is_fitted(self)
        joined, rows = self._joined(X, cutoff, entities)
        if not (per_column or per_source):
            return self.model_.reconstruction_error(joined).set_axis(rows.index)
        errors = self.model_.reconstruction_error(joined, per_column=True)
        weights = self.model_.table.continuous
        errors = self._grouped(errors / [weights.get(name) or 1.0 for name in errors.columns])
        errors = errors.set_axis(rows.index)
        if per_column:
            return errors
        frames = errors.columns.get_level_values(0)
        return pd.DataFrame({name: errors[name].mean(axis=1) for name in frames.unique()})

    @available_if(lambda self: self._guided("predict"))  # type: ignore[untyped-decorator]
    def predict(self, X: Any, cutoff: Any = None, entities: Any = None) -> Any:
        """Predict the targets from the embedding, by the head that guided it.

        Only after a fit with `y` and a positive `guide_weight`.

        Parameters
        ----------
        X, cutoff, entities
            As in `transform`.

        Returns
        -------
        Series or DataFrame
            As `y` was, indexed like the embedding.
        """
        joined, rows = self._joined(X, cutoff, entities)
        return self.model_.predict(joined).set_axis(rows.index)

    @available_if(lambda self: self._guided("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, cutoff: Any = None, entities: Any = None) -> Any:
        """Probabilities of the classes of every target that has classes; see `predict`.

        Parameters
        ----------
        X, cutoff, entities
            As in `transform`.

        Returns
        -------
        DataFrame of shape (rows, classes), or dict of target name to such DataFrames
        """
        joined, rows = self._joined(X, cutoff, entities)
        found = self.model_.predict_proba(joined)
        if isinstance(found, dict):
            return {name: part.set_axis(rows.index) for name, part in found.items()}
        return found.set_axis(rows.index)

    def summary(self) -> str:
        """Say what was fitted: the sources, the model and how well it keeps them.

        Returns
        -------
        str
            A few lines, to print.
        """
        check_is_fitted(self)
        seen = self.sources_[["frame", "kind", "columns", "missing"]]
        lines = [seen.to_string(index=False, float_format="{:.3f}".format), self.model_.summary()]
        if hasattr(self, "comparison_"):
            lines.append(self.comparison_.to_string(float_format="{:.3f}".format))
        return "\n".join(lines)

    # Steps of fit

    def _fit(self, X: Any, y: Any) -> tuple[pd.DataFrame, Moments]:
        self._check_parameters()
        if y is not None and not isinstance(y, (pd.Series, pd.DataFrame)):
            raise ValueError(
                f"y is a {type(y).__name__}; give a Series or DataFrame indexed by"
                f" {self.entity!r}, as rows meet by identifier"
            )
        sources = self._sources(read_frames(X))
        rows = self._rows(sources, self.cutoff, None, y)
        targets = None if y is None else targets_of(y, rows, self.entity)
        views = sources.views(rows.earliest)
        plan = sources_frame(sources, views)
        if self.verbose:
            print(plan.drop(columns="estimator").to_string(index=False))
        for view in views:
            view.in_time(rows)
        for view in views:
            view.fit(sources.frames[view.frame], rows)
        _check_names(views)
        joined = self._join(sources.frames, views, rows, remember=True)
        model, comparison = self._model(joined, targets, rows, views)
        model.fit(joined, targets)
        self._adopt(views, plan, model, comparison)
        self.left_out_ = sources.left_out
        return joined, rows

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.entity is None:
            raise ValueError(
                "entity is None; name the column of identifiers that the frames share, such as"
                " EntityEmbedder('customer_id')"
            )
        self._threads()

    def _sources(self, frames: Frames) -> Sources:
        return Sources(frames, self.sources, self.entity, self.n_jobs, self.random_state)

    def _rows(self, sources: Opened, cutoff: Any, entities: Any, y: Any) -> Moments:
        """Decide whose rows these are, and as of when."""
        rows = asked_rows(cutoff, entities, y, self.entity)
        if rows is None:
            rows = all_rows(self._population(sources), cutoff, self.entity)
        if rows.cutoff is not None:
            return rows
        times = [
            (name, time, sources.frames[name][time])
            for name, time in sources.times.items()
            if time is not None
        ]
        return Moments(rows.ids, just_after(times), named=rows.named)

    def _population(self, sources: Opened) -> pd.Index:
        found = {name: sources.identifiers(name) for name in sources.frames}
        if self.population not in (None, ALL) and self.population not in found:
            raise ValueError(f"population={self.population!r} is no frame of X: {list(found)!r}")
        if self.population in found:
            return found[str(self.population)]
        named = [] if self.population == ALL else sources.tables()
        ids = _union([found[name] for name in named or found])
        if len(ids) == 0:
            raise ValueError(f"no frame has a {self.entity!r}; give at least one row")
        for name in found if named else ():
            strangers = found[name][~found[name].isin(ids)]
            if len(strangers):
                say(
                    f"frame {name!r}: {len(strangers):,} of {len(found[name]):,} identifiers, such"
                    f" as {one_of(strangers)}, are not in {' or '.join(map(repr, named))} and are"
                    ' left out; population="all" keeps them'
                )
        return ids

    def _join(
        self, frames: Frames, views: list[View], rows: Moments, remember: bool = False
    ) -> pd.DataFrame:
        """Join what the views say, a row each of `rows`."""
        parts, anywhere = [], np.zeros(len(rows), dtype=bool)
        for view in views:
            found, present = view.transform(frames[view.frame], rows)
            if remember:
                view.missing_share = float(1 - present.mean())
            anywhere |= present
            parts.append(found.set_axis([f"{view.frame}.{name}" for name in view.names], axis=1))
        if not anywhere.all():
            say(
                f"{int((~anywhere).sum()):,} of {len(rows):,} rows are in no frame before their"
                f" cut-off, such as {one_of(rows.index[~anywhere])}; all of them is missing"
            )
        return pd.concat(parts, axis=1)

    def _model(
        self, joined: pd.DataFrame, targets: Any, rows: Moments, views: list[View]
    ) -> tuple[Any, pd.DataFrame | None]:
        """Return the estimator over the joined rows, not fitted, and what it was chosen by."""
        given = {"random_state": self.random_state, "n_jobs": self.n_jobs}
        if isinstance(self.model, RowAutoEncoder):
            own = clone(self.model)
            return own.set_params(table=self._table(own.table, views)), None
        table = self._table(None, views)
        if isinstance(self.model, str) and self.model != "auto":
            model = MODELS[self.model]().set_params(
                n_components=self.n_components, guide_weight=self.guide_weight, table=table, **given
            )
            return model.set_params(verbose=self.verbose), None
        choice = choose_model(
            joined,
            targets,
            n_components=self.n_components,
            models=None if self.model == "auto" else self.model,
            groups=rows.ids if rows.pairs else None,
            table=table,
            guide_weight=self.guide_weight,
            verbose=self.verbose,
            **given,
        )
        return choice.model, choice.comparison

    def _table(self, given: TableEncoder | None, views: list[View]) -> TableEncoder:
        """Return the codec of the joined table: what estimators gave are numbers, whatever else."""
        table: TableEncoder = TableEncoder(text=self.text) if given is None else clone(given)
        said = {} if table.continuous is None else table.continuous
        own = dict(said) if isinstance(said, Mapping) else dict.fromkeys(said)
        table.set_params(continuous=self._weights(views) | own)
        return table

    def _weights(self, views: list[View]) -> dict[str, float]:
        """Return what every column that an estimator gave counts, beside one of a table."""
        tables = [len(view.names) for view in views if not view.numeric]
        widths = [len(view.names) for view in views if view.names]
        few = max(tables) if tables else min(widths)
        return {
            f"{view.frame}.{name}": min(1.0, few / len(view.names)) ** self.balance
            for view in views
            if view.numeric
            for name in view.names
        }

    def _adopt(
        self, views: list[View], plan: pd.DataFrame, model: Any, comparison: pd.DataFrame | None
    ) -> None:
        self.views_ = views
        plan["columns"] = pd.Series([len(view.names) for view in views], dtype="Int64")
        plan["missing"] = pd.Series([view.missing_share for view in views], dtype="float64")
        self.sources_ = plan
        self.columns_ = pd.DataFrame(
            [(view.frame, name) for view in views for name in view.names],
            columns=["frame", "name"],
            index=[f"{view.frame}.{name}" for view in views for name in view.names],
        )
        self.estimators_ = {
            frame: [v.estimator for v in views if v.frame == frame and v.estimator is not None]
            for frame in dict.fromkeys(view.frame for view in views)
        }
        self.model_ = model
        self.n_components_ = int(model._n_features_out)
        if comparison is None:
            self.__dict__.pop("comparison_", None)
        else:
            self.comparison_ = comparison

    # Steps of transform

    def _joined(self, X: Any, cutoff: Any, entities: Any) -> tuple[pd.DataFrame, Moments]:
        check_is_fitted(self)
        frames = read_frames(X)
        frames = {name: f for name, f in frames.items() if name not in self.left_out_}
        check_same_frames(frames, list(self.estimators_))
        known = Known(frames, self.views_, self.entity)
        if cutoff is None and entities is None:
            cutoff = self.cutoff
        rows = self._rows(known, cutoff, entities, None)
        return self._join(known.frames, self.views_, rows), rows

    def _embedded(self, joined: pd.DataFrame, rows: Moments) -> Any:
        codes = np.asarray(self.model_.transform(joined))
        frame = pd.DataFrame(codes, index=rows.index, columns=self.get_feature_names_out())
        return self._named(frame)

    def _grouped(self, table: pd.DataFrame) -> pd.DataFrame:
        """Name the columns of a joined table by frame and name."""
        about = self.columns_.loc[table.columns]
        names = pd.MultiIndex.from_frame(about, names=["frame", "column"])
        return table.set_axis(names, axis=1)

    def _guided(self, what: str) -> bool:
        if hasattr(self, "model_") and not hasattr(self.model_, what):
            raise AttributeError(
                f"This EntityEmbedder has no {what}; fit(X, y) with targets, classes for"
                " predict_proba."
            )
        return hasattr(self, "model_")

    # Files

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted views, the model and what it was chosen by."""
        with_estimator = {at: v.estimator for at, v in enumerate(self.views_) if v.estimator}
        documents, arrays = nest({**with_estimator, "model": self.model_})
        document = {
            "views": [view.state() for view in self.views_],
            "estimators": documents,
            "sources": _packed(self.sources_),
            "left_out": self.left_out_,
        }
        if hasattr(self, "comparison_"):
            document["comparison"] = _packed(self.comparison_.reset_index())
        return document, prefixed("estimators.", arrays)

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        found = unnest(document["estimators"], under("estimators.", arrays))
        views = [restored(state, found.get(at)) for at, state in enumerate(document["views"])]
        comparison = document.get("comparison")
        if comparison is not None:
            comparison = _unpacked(comparison).set_index("model")
        plan = _unpacked(document["sources"]).astype({"rows": "Int64"})
        self._adopt(views, plan, found["model"], comparison)
        self.left_out_ = list(document["left_out"])


def _union(found: list[pd.Index]) -> pd.Index:
    """Return the distinct identifiers of several frames, in the order in which they are met."""
    ids = found[0]
    for others in found[1:]:
        ids = ids.append(others[~others.isin(ids)])
    return ids


def _check_names(views: list[View]) -> None:
    """Refuse two readings of a frame that give a column of one name.

    Raises
    ------
    ValueError
        With the frame and the name.
    """
    seen: set[tuple[str, str]] = set()
    for view in views:
        for name in view.names:
            if (view.frame, name) in seen:
                raise ValueError(
                    f"two estimators of frame {view.frame!r} both give a column {name!r}; give the"
                    " frame twice, under two names"
                )
            seen.add((view.frame, name))


def _packed(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        str(name): [pack(None if value is pd.NA else value) for value in frame[name].tolist()]
        for name in frame
    }


def _unpacked(packed: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: [unpack(v) for v in values] for name, values in packed.items()})
