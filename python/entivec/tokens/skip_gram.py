"""Skip-gram with negative sampling: vectors of tokens from sentences that the core reads."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec import _core
from entivec.base.progress import Pace
from entivec.tokens.guidance import ROUNDS, LabelledRows

HISTORY = ["epoch", "train_loss", "learning_rate", "seconds"]
FINAL_RATE = 1e-4  # gensim's min_alpha
_PACKET = 16  # numbers that the core's longest vectors hold


@dataclass(frozen=True)
class SkipGramOptions:
    """How to train; the names are those of the estimators' parameters."""

    n_components: int
    window: int
    negative: int
    subsample: float
    ns_exponent: float
    learning_rate: float
    max_epochs: int
    seed: int
    threads: int
    verbose: bool


@dataclass(frozen=True)
class SkipGram:
    """What a training leaves.

    Attributes
    ----------
    vectors, outputs : ndarray of shape (tokens, d), float32
        Rows of the input matrix, which are the embedding, and of the output matrix.
    history : DataFrame
        One row an epoch: mean loss of a pair, learning rate, seconds since the start.
    """

    vectors: np.ndarray
    outputs: np.ndarray
    history: pd.DataFrame


def train_skip_gram(
    sentences: Any,
    counts: np.ndarray,
    options: SkipGramOptions,
    labelled: LabelledRows | None = None,
) -> SkipGram:
    """Train vectors of tokens 0 … V - 1.

    Parameters
    ----------
    sentences : _core.Sentences
    counts : ndarray of shape (V,), float64
        How often each token is expected in a pass.
    options : SkipGramOptions
    labelled : LabelledRows, optional
        Targets that guide the vectors.

    Raises
    ------
    FloatingPointError
        If the loss is not finite.
    """
    d = options.n_components
    inputs, outputs = (_matrix(len(counts), d) for _ in range(2))
    _core.start_vectors(options.seed, 0, d, inputs)
    trainer = _core.PairTrainer(sentences, counts, inputs, outputs, _training(options))

    def pull() -> None:
        if labelled:
            labelled.pull(inputs[:, :d], trainer.learning_rate / options.learning_rate)

    records: list[tuple[float, ...]] = []
    started = time.perf_counter()
    try:
        with Pace(
            options.max_epochs * trainer.steps_per_epoch,
            options.verbose,
            int(counts.sum() / trainer.steps_per_epoch),
            "tokens",
        ) as pace:
            for epoch in range(options.max_epochs):
                loss = _run_epoch(trainer, pace, pull, ROUNDS if labelled else 1)
                seconds = time.perf_counter() - started
                records.append((epoch + 1, loss, trainer.learning_rate, seconds))
    except KeyboardInterrupt:
        warnings.warn(
            f"Training was interrupted in epoch {len(records) + 1} of {options.max_epochs}; what"
            " was learnt until then is kept.",
            UserWarning,
            stacklevel=4,
        )
    history = pd.DataFrame(records, columns=HISTORY)
    return SkipGram(inputs[:, :d].copy(), outputs[:, :d].copy(), history)


def _matrix(rows: int, d: int) -> np.ndarray:
    return np.zeros((rows, -(-d // _PACKET) * _PACKET), dtype=np.float32)


def _training(options: SkipGramOptions) -> Any:
    return _core.TokenTraining(
        window=options.window,
        negatives=options.negative,
        subsample=options.subsample,
        ns_exponent=options.ns_exponent,
        epochs=options.max_epochs,
        learning_rate=options.learning_rate,
        final_rate=min(FINAL_RATE, options.learning_rate),
        words=True,
        documents=False,
        seed=options.seed,
        threads=options.threads,
    )


def _run_epoch(trainer: Any, pace: Pace, between: Callable[[], object], rounds: int) -> float:
    """Run an epoch in rounds, with something between them; return its mean loss."""
    first, length = trainer.step, trainer.steps_per_epoch
    summed, pairs = 0.0, 0
    for done in range(rounds):
        stop = first + length * (done + 1) // rounds
        while trainer.step < stop:
            steps = min(pace.steps, stop - trainer.step)
            loss, count = trainer.run(steps)
            summed, pairs = summed + loss, pairs + count
            _check_finite(loss)
            pace.took(steps, loss / max(count, 1))
        between()
    return summed / max(pairs, 1)


def _check_finite(loss: float) -> None:
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"The loss became {loss}: training diverged. Lower learning_rate. The former fit, if"
            " any, is unchanged."
        )
