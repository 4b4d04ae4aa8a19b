"""Vectors of tokens and documents by negative sampling, from sentences that the core reads.

Skip-gram and CBOW: Mikolov et al. 2013, "Distributed representations of words and phrases and their
compositionality". DBOW and DM: Le & Mikolov 2014, "Distributed representations of sentences and
documents".
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from entivec import _core
from entivec.base.progress import Pace
from entivec.tokens.guidance import ROUNDS

HISTORY = ["epoch", "train_loss", "learning_rate", "seconds"]
FINAL_RATE = 1e-4  # gensim's min_alpha
WORDS = {"skipgram": True, "cbow": True, "dbow": False, "dm": True}  # whether words have inputs
DOCUMENTS = {"skipgram": False, "cbow": False, "dbow": True, "dm": True}
_PACKET = 16  # numbers that the core's longest vectors hold


@dataclass(frozen=True)
class SkipGramOptions:
    """How to train; the names are those of the estimators' parameters."""

    n_components: int
    window: int  # 0: the whole sentence
    negative: int
    subsample: float
    ns_exponent: float
    learning_rate: float
    max_epochs: int
    seed: int
    threads: int
    verbose: bool
    method: str = "skipgram"
    early_stopping: bool = False
    patience: int = 1

    def core(self) -> Any:
        """As the core takes them."""
        return _core.TokenTraining(
            window=self.window,
            negatives=self.negative,
            subsample=self.subsample,
            ns_exponent=self.ns_exponent,
            epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            final_rate=min(FINAL_RATE, self.learning_rate),
            words=WORDS[self.method],
            documents=DOCUMENTS[self.method],
            seed=self.seed,
            threads=self.threads,
        )


@dataclass(frozen=True)
class Attributes:
    """What is known of tokens beside what they are: attributes that tokens share.

    Attributes
    ----------
    codes : ndarray of shape (V, columns), int32
        0 … `count` - 1, numbered through all columns; negative where missing.
    count : int
    """

    codes: np.ndarray
    count: int

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """Return the sum of each token's attributes' `rows` (count, d)."""
        return attribute_sums(self.codes, rows)


@dataclass(frozen=True)
class SkipGram:
    """What a training leaves.

    Attributes
    ----------
    vectors, outputs : ndarray of shape (tokens, d), float32
        Rows of the input matrix, which are the embedding (those of attributes not added), and of
        the output matrix. DBOW has no inputs of tokens.
    history : DataFrame
        One row an epoch: mean loss of a pair or target, that of held-out sentences where there are
        any, learning rate, seconds since the start.
    attributes : ndarray of shape (attributes, d)
    documents : ndarray of shape (documents, d)
    input_scale : float
        How much longer the steps of CBOW's and DM's inputs are; 0 for the others.
    """

    vectors: np.ndarray
    outputs: np.ndarray
    history: pd.DataFrame
    attributes: np.ndarray
    documents: np.ndarray
    input_scale: float


class Pulls(Protocol):
    """What moves vectors (n, d) in place, such as labelled rows."""

    def pull(self, vectors: np.ndarray, step: float) -> None:
        """Move them a step."""


def train_skip_gram(
    sentences: Any,
    counts: np.ndarray,
    options: SkipGramOptions,
    labelled: Pulls | None = None,
    *,
    attributes: Attributes | None = None,
    documents: int = 0,
    held_out: Any = None,
) -> SkipGram:
    """Train vectors of tokens 0 … V - 1.

    Parameters
    ----------
    sentences : _core.Sentences
    counts : ndarray of shape (V,), float64
        How often each token is expected in a pass.
    options : SkipGramOptions
    labelled : LabelledRows or LabelledMeans, optional
        Targets that guide the vectors: of documents, where the method has them, else of tokens.
    attributes : Attributes, optional
        Of the tokens; for CBOW.
    documents : int
        How many, where the method has them.
    held_out : _core.Sentences, optional
        Scored after every epoch.

    Raises
    ------
    FloatingPointError
        If the loss is not finite.
    """
    training = _Training(sentences, counts, options, attributes, documents)
    training.run(labelled, held_out)
    return training.result()


def attribute_sums(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the sum of the attributes' `rows` (count, d) of each row of `codes` (n, columns)."""
    own, column = np.nonzero(codes >= 0)
    ones = np.ones(len(own), dtype=np.float32)
    shape = (len(codes), len(rows))
    table = sparse.csr_array((ones, (own, codes[own, column])), shape=shape)
    return np.asarray(table @ rows)


class _Training:
    def __init__(
        self,
        sentences: Any,
        counts: np.ndarray,
        options: SkipGramOptions,
        attributes: Attributes | None,
        documents: int,
    ) -> None:
        self.options, self.attributes = options, attributes
        self.words = len(counts) if WORDS[options.method] else 0
        self.before_documents = self.words + (attributes.count if attributes else 0)
        d = options.n_components
        self.inputs = padded(self.before_documents + documents, d)
        self.outputs = padded(len(counts), d)
        _core.start_vectors(options.seed, 0, d, self.inputs)
        if attributes:  # an unseen item's vector has nothing but what its attributes have learnt
            self.inputs[self.words : self.before_documents] = 0
        self.trainer = self._trainer(sentences, counts)
        self.tokens_per_step = int(counts.sum() / self.trainer.steps_per_epoch)
        self.records: list[dict[str, float]] = []

    def _trainer(self, sentences: Any, counts: np.ndarray) -> Any:
        given = (sentences, counts, self.inputs, self.outputs, self.options.core())
        if self.options.method in ("skipgram", "dbow"):
            return _core.PairTrainer(*given)
        if self.attributes is None:
            return _core.MeanTrainer(*given)
        return _core.MeanTrainer(*given, self.attributes.codes, self.attributes.count)

    def run(self, labelled: Pulls | None, held_out: Any) -> None:
        options = self.options
        total = options.max_epochs * self.trainer.steps_per_epoch
        best = _Best()
        started = time.perf_counter()
        try:
            with Pace(total, options.verbose, self.tokens_per_step, "tokens") as pace:
                for epoch in range(options.max_epochs):
                    record = {"epoch": epoch + 1, "train_loss": self._run_epoch(pace, labelled)}
                    if held_out is not None:
                        record["validation_loss"] = _mean(*self.trainer.evaluate(held_out))
                        best.offer(record["validation_loss"], self.inputs, self.outputs)
                    record["learning_rate"] = self.trainer.learning_rate
                    record["seconds"] = time.perf_counter() - started
                    self.records.append(record)
                    if options.early_stopping and best.waited >= options.patience:
                        break
        except KeyboardInterrupt:
            self._warn_of_interruption()
        if options.early_stopping and best.kept is not None:
            self.inputs, self.outputs = best.kept

    def _run_epoch(self, pace: Pace, labelled: Pulls | None) -> float:
        """Run an epoch, in rounds with pulls between them, and return its mean loss."""
        rounds = ROUNDS if labelled else 1
        first, length = self.trainer.step, self.trainer.steps_per_epoch
        summed, pairs = 0.0, 0
        for done in range(rounds):
            stop = first + length * (done + 1) // rounds
            while self.trainer.step < stop:
                steps = min(pace.steps, stop - self.trainer.step)
                loss, count = self.trainer.run(steps)
                summed, pairs = summed + loss, pairs + count
                _check_finite(loss)
                pace.took(steps, loss / max(count, 1))
            if labelled:
                self._pull(labelled.pull)
        return _mean(summed, pairs)

    def _pull(self, pull: Callable[[np.ndarray, float], None]) -> None:
        step = self.trainer.learning_rate / self.options.learning_rate
        d = self.options.n_components
        if DOCUMENTS[self.options.method]:
            pull(self.inputs[self.before_documents :, :d], step)
        elif self.attributes is None:
            pull(self.inputs[: self.words, :d], step)
        else:
            added = self.attributes.sums(self.inputs[self.words :, :d])
            vectors = self.inputs[: self.words, :d] + added
            pull(vectors, step)
            self.inputs[: self.words, :d] = vectors - added

    def _warn_of_interruption(self) -> None:
        warnings.warn(
            f"Training was interrupted in epoch {len(self.records) + 1} of"
            f" {self.options.max_epochs}; what was learnt until then is kept.",
            UserWarning,
            stacklevel=5,
        )

    def result(self) -> SkipGram:
        d, rows = self.options.n_components, self.inputs
        input_scale = float(getattr(self.trainer, "input_scale", 0.0))
        del self.trainer  # its pairs would lie in memory beside the results
        return SkipGram(
            vectors=_cut(rows[: self.words, :d]),
            outputs=_cut(self.outputs[:, :d]),
            history=pd.DataFrame(self.records, columns=None if self.records else HISTORY),
            attributes=_cut(rows[self.words : self.before_documents, :d]),
            documents=_cut(rows[self.before_documents :, :d]),
            input_scale=input_scale,
        )


@dataclass
class _Best:
    """The matrices of the lowest held-out loss so far."""

    loss: float = np.inf
    kept: tuple[np.ndarray, np.ndarray] | None = None
    waited: int = 0

    def offer(self, loss: float, inputs: np.ndarray, outputs: np.ndarray) -> None:
        if loss < self.loss:
            self.loss, self.waited, self.kept = loss, 0, (inputs.copy(), outputs.copy())
        else:
            self.waited += 1


def padded(rows: int, d: int) -> np.ndarray:
    """Return zeros (rows, at least d): rows are filled up to whole packets of the core."""
    return np.zeros((rows, -(-d // _PACKET) * _PACKET), dtype=np.float32)


def _cut(part: np.ndarray) -> np.ndarray:
    """Return `part` alone, copied unless it is all that its array holds."""
    return part if part.base is not None and part.size == part.base.size else part.copy()


def _mean(loss: float, count: int) -> float:
    return loss / max(count, 1)


def _check_finite(loss: float) -> None:
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"The loss became {loss}: training diverged. Lower learning_rate. The former fit, if"
            " any, is unchanged."
        )
