"""How long the core runs between looks at Ctrl-C, and the progress bar served between."""

from __future__ import annotations

import time
from typing import Any

SECONDS_BETWEEN_CHECKS = 0.1  # how long the core runs before Ctrl-C and the progress bar are served


class Pace:
    """How many steps to hand to the core at a time, and the progress bar that is served between.

    `steps` never shows in the result: a training is the same however it is cut.

    Parameters
    ----------
    total : int
        Steps in all.
    verbose : bool
        Whether there is a bar.
    examples_per_step, examples : int and str
        For the speed that the bar shows, in words such as "rows".
    unit : str
        Of the steps that the bar counts.

    Examples
    --------
    >>> from entivec.base.progress import Pace
    >>> done = 0
    >>> with Pace(100, verbose=False) as pace:
    ...     while done < 100:
    ...         steps = min(pace.steps, 100 - done)
    ...         done += steps  # here the core runs
    ...         pace.took(steps, loss=0.0)
    """

    def __init__(
        self,
        total: int,
        verbose: bool,
        examples_per_step: int = 1,
        examples: str = "rows",
        unit: str = "step",
    ) -> None:
        self.steps = 1
        self._examples_per_step = examples_per_step
        self._examples = examples
        self._bar: Any = None
        if verbose:
            from tqdm.auto import tqdm  # not needed, so not imported, without a bar

            self._bar = tqdm(total=total, unit=unit, desc="entivec")

    def __enter__(self) -> Pace:
        self._clock = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def took(self, steps: int, loss: float) -> None:
        """Note that `steps` steps have been made since the last call."""
        now = time.perf_counter()
        per_second = steps / max(now - self._clock, 1e-9)
        self._clock = now
        self.steps = max(1, min(2 * self.steps, int(per_second * SECONDS_BETWEEN_CHECKS)))
        if self._bar is not None:
            speed = f"{per_second * self._examples_per_step:,.0f} {self._examples}/s"
            self._bar.set_postfix_str(f"loss {loss:.4f}, {speed}", refresh=False)
            self._bar.update(steps)
