"""A Bayesian search for the parameters of an estimator over rows."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from entivec.base.frames import is_frame
from entivec.base.training import watched
from entivec.evaluate._encoder import check_count
from entivec.evaluate._features import Features
from entivec.evaluate._probes import Outcome, check_models, labels_of, predicted_score
from entivec.tuning.space import Space, check_estimator, import_optuna, search_space

TENTHS = 10  # of a training at which it is compared with others
FIRST = 10  # trials before the search learns from them, and before any is pruned
FEWEST_ROWS = 10


def tune(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    n_trials: int = 50,
    timeout: float | None = None,
    storage: Any = None,
    space: Mapping[str, Any] | None = None,
    model: str = "linear",
    validation_fraction: float = 0.2,
    random_state: int = 0,
    verbose: bool = False,
) -> Any:
    """Search for parameters by trials, and fit the best on all rows.

    A trial is fitted on some rows and scored on others, the same for all: by explained variance
    (`score`), or by how well an outcome `y` is predicted from the embeddings. The first trial is
    `estimator` as it comes, the others are chosen by Optuna (tree-structured Parzen estimators,
    Bergstra et al. 2011). A trial whose held-out loss is above the median of the others at the same
    share of its training is given up.

    Parameters
    ----------
    estimator : estimator over rows
        Left alone; what is not searched stays as it is there.
    X : DataFrame or array-like of shape (n, columns)
    y : Series or array of length n, default=None
        A class or a number to judge by; rows without one are embedded and not judged. A Series is
        matched by index where `X` is a DataFrame.
    n_trials : int, default=50
        In all, those in `storage` included.
    timeout : float or None, default=None
        Seconds after which no trial is begun.
    storage : path or URL of Optuna, default=None
        Where trials are kept, such as ``"tuning.db"``: the same call goes on where it stopped.
    space : dict, default=None
        Parameter to Optuna distribution or list of choices; None for
        ``search_space(estimator, outcome=y is not None)``, which may be edited.
    model : {"linear", "boosting"}, default="linear"
        What predicts `y`.
    validation_fraction : float, default=0.2
        Share of the rows that trials are scored on.
    random_state : int, default=0
        Of the rows held out and the search. Fits have the seed of `estimator`.
    verbose : bool, default=False
        Show the trials and the best score so far. Ctrl-C ends the search and keeps the best.

    Returns
    -------
    estimator
        Fitted on all rows with the best parameters (without `y`); its ``study_`` is the
        `optuna.Study`: ``study_.trials_dataframe()``, `entivec.plot.tuning`.

    Raises
    ------
    ImportError
        If Optuna is not installed (extra ``tune``).
    TypeError
        If it is no estimator over rows.
    ValueError
        If a parameter cannot be used, or the trials in `storage` are of other rows.
    FloatingPointError
        If every trial diverged.

    Notes
    -----
    The best of many trials looks a little better on the rows that chose it than on others: keep
    rows of your own for a figure to report. The same call gives the same trials, unless `timeout`
    or Ctrl-C ends it.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.tune(
    ...     entivec.AutoEncoder(4, max_steps=20),
    ...     customers.drop(columns="city"),
    ...     n_trials=3,
    ...     space={"learning_rate": [1e-3, 3e-3], "hidden_layer_sizes": [(8,), (16, 8)]},
    ... )
    >>> model.transform(customers.drop(columns="city")).shape, len(model.study_.trials)
    ((300, 4), 3)
    """
    check_estimator(estimator)
    optuna = import_optuna()
    n_trials = check_count("n_trials", n_trials)
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be a positive number of seconds or None, got {timeout!r}.")
    if not 0 < validation_fraction < 1:
        raise ValueError(
            f"validation_fraction must be between 0 and 1, got {validation_fraction!r}."
        )
    check_models(model)
    where = Space(search_space(estimator, y is not None) if space is None else space, estimator)
    judge = _Judge.of(X, y, model, validation_fraction, random_state)
    with _quiet(optuna):
        study = _study(optuna, estimator, judge, storage, random_state)
        _check_same(study, judge)
        if not study.trials:
            study.enqueue_trial(where.start)
        _run(optuna, study, estimator, where, judge, n_trials, timeout, verbose)
    done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if not done:
        raise FloatingPointError(
            f"none of {len(study.trials)} trials came to an end: every training diverged. Lower the"
            " learning rates of the space, or scale the table."
        )
    best = clone(estimator).set_params(**where.parameters(study.best_trial.params))
    best.fit(X)
    best.study_ = study
    return best


@dataclass(frozen=True)
class _Judge:
    """The rows trials are fitted on, those they are scored on, and by what."""

    train: Any
    test: Any
    outcome: tuple[Outcome, Outcome] | None
    known: tuple[np.ndarray, np.ndarray] | None  # rows of either part that have an outcome
    model: str
    seed: int
    about: str = field(default="")  # what the trials of a study have in common

    @classmethod
    def of(cls, X: Any, y: Any, model: str, fraction: float, seed: int) -> _Judge:
        rows: Any = X if hasattr(X, "shape") else np.asarray(X)
        n = rows.shape[0]
        count = round(fraction * n)
        if n < FEWEST_ROWS or not 0 < count < n:
            raise ValueError(
                f"X has {n} row(s), of which {count} would be held out; tuning needs at least"
                f" {FEWEST_ROWS} and some of either kind."
            )
        order = np.random.default_rng(seed).permutation(n)
        parts = np.sort(order[count:]), np.sort(order[:count])
        train, test = (rows.iloc[part] if is_frame(rows) else rows[part] for part in parts)
        about = [_digest(X), str(seed), str(fraction), "" if y is None else f"{model} of y"]
        outcome = known = None
        if y is not None:
            labels = labels_of(X, y)
            found = labels.notna().to_numpy()
            known = np.flatnonzero(found[parts[0]]), np.flatnonzero(found[parts[1]])
            whole = Outcome.of(labels[found])
            place = np.cumsum(found) - 1
            outcome = (
                whole.rows(place[parts[0][known[0]]]),
                whole.rows(place[parts[1][known[1]]]),
            )
            if min(len(np.unique(part.labels)) for part in outcome) < 2:
                raise ValueError(
                    "the labels of y do not differ among the rows held out, or among the others;"
                    " give more of them."
                )
        return cls(train, test, outcome, known, model, seed, " ".join(about))

    def score(self, fitted: Any) -> float:
        """Score a fitted estimator on the held-out rows; higher is better."""
        if self.outcome is None or self.known is None:
            return float(fitted.score(self.test))
        codes = [
            np.asarray(fitted.transform(part))[own]
            for part, own in zip((self.train, self.test), self.known, strict=True)
        ]
        return predicted_score(
            self.model, None, Features.of_vectors(*codes), *self.outcome, self.seed
        )


def _digest(X: Any) -> str:
    """Tell a table from others by its shape, its names and its first rows."""
    rows: Any = X if hasattr(X, "shape") else np.asarray(X)
    some = rows.iloc[:20].to_csv() if is_frame(rows) else repr(rows[:20])
    return hashlib.sha256(f"{rows.shape} {some}".encode()).hexdigest()[:16]


def _study(optuna: Any, estimator: Any, judge: _Judge, storage: Any, seed: int) -> Any:
    if isinstance(storage, os.PathLike) or (isinstance(storage, str) and "://" not in storage):
        storage = f"sqlite:///{os.fspath(storage)}"
    name = f"entivec {type(estimator).__name__}"
    study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", load_if_exists=storage is not None
    )
    # Going on draws other numbers than beginning did.
    study.sampler = optuna.samplers.TPESampler(
        seed=seed + len(study.trials), n_startup_trials=FIRST
    )
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST, n_warmup_steps=3)
    return study


def _check_same(study: Any, judge: _Judge) -> None:
    former = study.user_attrs.get("about")
    if former is None:
        study.set_user_attr("about", judge.about)
    elif former != judge.about:
        raise ValueError(
            "storage holds trials of other rows, another y, validation_fraction or random_state,"
            " which cannot be compared; give the same, or another storage."
        )


def _run(
    optuna: Any,
    study: Any,
    estimator: Any,
    space: Space,
    judge: _Judge,
    n_trials: int,
    timeout: float | None,
    verbose: bool,
) -> None:
    end = np.inf if timeout is None else time.monotonic() + timeout
    with _bar(n_trials, verbose) as show:
        show(study)
        while _finished(study) < n_trials and time.monotonic() < end:
            trial = study.ask(space.distributions)
            try:
                told = _fitted_score(optuna, trial, estimator, space, judge)
            except optuna.TrialPruned:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            except FloatingPointError:  # diverged
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            except BaseException as error:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                if isinstance(error, KeyboardInterrupt) and _finished(study) > 1:
                    break
                raise
            else:
                study.tell(trial, told)
            show(study)


def _finished(study: Any) -> int:
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def _fitted_score(optuna: Any, trial: Any, estimator: Any, space: Space, judge: _Judge) -> float:
    """Fit and score; raises TrialPruned where the training does worse than most."""
    told = 0

    def watch(record: Mapping[str, Any], done: float) -> None:
        nonlocal told
        tenth = int(TENTHS * done)
        if tenth > told:  # trainings after the first, of folds, are behind it
            told = tenth
            trial.report(-record["validation_loss"], tenth)
            if tenth < TENTHS and trial.should_prune():
                raise optuna.TrialPruned

    model = clone(estimator).set_params(**space.parameters(trial.params))
    with watched(watch):
        model.fit(judge.train)
    return judge.score(model)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keep Optuna from writing every trial to the screen."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _bar(n_trials: int, verbose: bool) -> Iterator[Any]:
    if not verbose:
        yield lambda study: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=n_trials, unit="trial", desc="entivec") as bar:

        def show(study: Any) -> None:
            bar.update(_finished(study) - bar.n)
            if any(trial.state.name == "COMPLETE" for trial in study.get_trials(deepcopy=False)):
                bar.set_postfix_str(f"best {study.best_value:.4f}")

        yield show
