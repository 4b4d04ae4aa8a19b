"""Parameters that families share, with what each of them does."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_random_state

from entivec import _core
from entivec.base.parameters import estimator, parameter

POSITIVE = [Interval(Integral, 1, None, closed="left")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


@estimator
class Seeded:
    """What draws random numbers."""

    random_state: Any = parameter(
        default=0,
        allowed=["random_state"],
        kind="int, RandomState or None",
        meaning="Same seed, same numbers, bit by bit, for any `n_jobs`.",
    )

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))


@estimator
class Threaded:
    """What computes on several threads."""

    n_jobs: int | None = parameter(
        default=None,
        allowed=[Integral, None],
        kind="int or None",
        meaning="Threads; None or -1 for all cores. The numbers do not depend on it.",
    )

    def _threads(self) -> int:
        return _core.resolve_n_jobs(self.n_jobs)


@estimator
class Verbose:
    """What shows its progress."""

    verbose: bool = parameter(
        default=False,
        allowed=["verbose"],
        kind="bool",
        meaning="Show a progress bar with the loss and the speed.",
    )


@estimator
class Stepwise:
    """What is trained by gradient steps over batches, in epochs."""

    learning_rate: float = parameter(
        default=1e-3,
        allowed=[Interval(Real, 0, None, closed="neither")],
        kind="float",
        meaning="Of Adam (Kingma & Ba 2015).",
    )
    schedule: str = parameter(
        default="cosine",
        allowed=[StrOptions({"cosine", "constant"})],
        kind='{"cosine", "constant"}',
        meaning="Of the learning rate over the training.",
    )
    batch_size: int = parameter(
        default=256, allowed=POSITIVE, kind="int", meaning="Examples a step."
    )
    max_steps: int | None = parameter(
        default=1500,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="Training ends here or after `max_epochs`, whichever comes first.",
    )
    max_epochs: int | None = parameter(
        default=250,
        allowed=[*POSITIVE, None],
        kind="int or None",
        meaning="At least one of the two must be set.",
    )
    early_stopping: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        Stop when the held-out loss has not improved for `patience` epochs, and restore the best
        weights.""",
    )
    patience: int = parameter(
        default=10, allowed=POSITIVE, kind="int", meaning="Epochs that `early_stopping` waits."
    )

    def _check_limits(self) -> None:
        if self.max_steps is None and self.max_epochs is None:
            raise ValueError("max_steps and max_epochs are both None; set at least one of them.")
