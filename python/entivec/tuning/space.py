"""Which parameters of an estimator are worth a search, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from types import ModuleType
from typing import Any

from sklearn.utils._param_validation import StrOptions

from entivec.rows.base import RowAutoEncoder

ACTIVATIONS = ("gelu", "silu", "tanh", "sigmoid", "relu")


def import_optuna() -> ModuleType:
    """Return Optuna.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to get it.
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError("entivec.tune needs Optuna; pip install entivec[tune]") from error
    return optuna


def search_space(estimator: Any, outcome: bool = False) -> dict[str, Any]:
    """Return the parameters that `tune` searches, to be edited and given to it as `space`.

    How the network is built and trained: learning rate, batch size, length, hidden layers,
    activation, dropout, weight decay, and noise where the estimator has some. What an embedding is
    for, such as its width, contraction, β or the noise of a `DenoisingAutoEncoder`, trades against
    reconstruction: it is searched only where an outcome judges.

    Parameters
    ----------
    estimator : estimator over rows
    outcome : bool, default=False
        Whether embeddings are judged by an outcome `y`.

    Returns
    -------
    dict of parameter name to Optuna distribution or list of choices

    Raises
    ------
    ImportError
        If Optuna is not installed (extra ``tune``).
    TypeError
        If it is no estimator over rows.

    Examples
    --------
    >>> import entivec
    >>> space = entivec.search_space(entivec.AutoEncoder())
    >>> space["learning_rate"]
    FloatDistribution(high=0.01, log=True, low=0.0003, step=None)
    >>> space["activation"]
    ['gelu', 'silu', 'tanh', 'sigmoid', 'relu']
    >>> space["max_steps"] = [1500]  # not longer than now
    """
    check_estimator(estimator)
    distributions = import_optuna().distributions
    number = distributions.FloatDistribution
    known = estimator.get_params(deep=False)
    space = {
        "learning_rate": number(3e-4, 1e-2, log=True),
        "batch_size": [64, 128, 256, 512],
        "max_steps": [1500, 3000, 6000],
        "hidden_layer_sizes": ["auto", (64, 32), (128,), (256, 128), (512, 256), (512, 256, 128)],
        "channels": [(16,), (32, 64), (64, 64), (32, 64, 64)],
        "activation": [one for one in ACTIVATIONS if one in _options(estimator, "activation")],
        "dropout": number(0.0, 0.3),
        "l2": [0.0, 1e-6, 1e-5, 1e-4, 1e-3],
    }
    if known["noise"] is not None and (outcome or not _is_denoising(estimator)):
        space["noise_level"] = number(0.0, 0.5)
    if outcome:
        space["n_components"] = ["auto", 4, 8, 16, 32, 64]
        space["contraction"] = number(1e-3, 10.0, log=True)
        space["beta"] = number(0.05, 8.0, log=True)
    return {name: where for name, where in space.items() if known.get(name) is not None}


def _options(estimator: Any, name: str) -> set[str]:
    """Return the words that a parameter may be."""
    allowed = type(estimator)._parameter_constraints[name]
    return set().union(*(one.options for one in allowed if isinstance(one, StrOptions)))


def check_estimator(estimator: Any) -> None:
    """Raise unless it is an estimator over rows."""
    if not isinstance(estimator, RowAutoEncoder):
        raise TypeError(
            "estimator must be one over rows, such as AutoEncoder(), got"
            f" {type(estimator).__name__}."
        )


def _is_denoising(estimator: Any) -> bool:
    from entivec.rows.denoising import DenoisingAutoEncoder

    return isinstance(estimator, DenoisingAutoEncoder)


class Space:
    """A search space as Optuna takes it, the estimator's own parameters within.

    Lists of choices are told to Optuna in writing, as files of trials hold text and numbers alone.

    Parameters
    ----------
    space : mapping of parameter name to Optuna distribution or list of choices
    estimator : estimator over rows
        Its own values are added to where they are not in.

    Raises
    ------
    ValueError
        If there is no such parameter, or a value is neither a distribution nor choices.
    """

    def __init__(self, space: Mapping[str, Any], estimator: Any) -> None:
        optuna = import_optuna()
        own = estimator.get_params()
        self.distributions: dict[str, Any] = {}
        self._choices: dict[str, dict[str, Any]] = {}
        self.start: dict[str, Any] = {}
        if not space:
            raise ValueError("space is empty; name at least one parameter to search.")
        for name, where in space.items():
            if name not in own:
                raise ValueError(
                    f"space names {name!r}, which is no parameter of {type(estimator).__name__};"
                    f" it has {', '.join(own)}."
                )
            if isinstance(where, Sequence) and not isinstance(where, str) and len(where):
                choices = {repr(choice): choice for choice in [*where, own[name]]}
                self._choices[name] = choices
                where = optuna.distributions.CategoricalDistribution(list(choices))
                self.start[name] = repr(own[name])
            elif isinstance(where, optuna.distributions.BaseDistribution):
                if _contains(where, own[name]):
                    self.start[name] = own[name]
            else:
                raise ValueError(
                    f"space[{name!r}] must be an Optuna distribution or a list of choices, got"
                    f" {where!r}."
                )
            self.distributions[name] = where

    def parameters(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that a trial's written ones stand for."""
        return {
            name: self._choices[name][value] if name in self._choices else value
            for name, value in told.items()
        }


def _contains(distribution: Any, value: Any) -> bool:
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    number = isinstance(value, Real) and not isinstance(value, bool)
    return number and bool(distribution.low <= value <= distribution.high)
