"""What `SequenceEncoder.fit` does, before anything of the estimator changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec import _core
from entivec.base.training import ExampleOptions, State, split
from entivec.events import EventEncoder
from entivec.sequences.network import (
    SequenceNetwork,
    core_targets,
    shares,
)
from entivec.sequences.numbers import NumberEncoder
from entivec.sequences.reading import Reading, read_sequences
from entivec.sequences.state import EVENT_PARAMETERS
from entivec.sequences.training import SequenceTraining
from entivec.table.blocks import Blocks
from entivec.table.guides import Guide, fit_guide, is_guided

if TYPE_CHECKING:
    from entivec.sequences.encoder import SequenceEncoder


def fit_sequences(estimator: SequenceEncoder, events: Any, y: Any, cutoff: Any) -> None:
    """Read the events, train, and leave the result on the estimator."""
    given = {name: getattr(estimator, name) for name in EVENT_PARAMETERS}
    encoder = EventEncoder(**given, n_jobs=estimator.n_jobs)
    blocks = encoder.fit_transform(events)
    numbers = NumberEncoder.fit(blocks, estimator.values)
    reading = read_sequences(blocks, numbers, cutoff, None)
    guided = _guide(estimator, y, reading.index)
    network = _network(estimator, encoder, numbers, None if guided is None else guided[0])
    training = _training(estimator, network, reading, guided, part_names(encoder, numbers))
    training.run()
    estimator.encoder_, estimator.numbers_, estimator.network_ = encoder, numbers, network
    estimator.n_components_ = network.width
    estimator.history_ = training.history()
    estimator.n_iter_ = training.state.step


def part_names(encoder: EventEncoder, numbers: NumberEncoder) -> list[str]:
    """Names of the parts of an event's loss."""
    tokens = [token if isinstance(token, list) else [token] for token in encoder.categories]
    return ["+".join(map(str, token)) for token in tokens] + list(numbers.names)


def _network(
    estimator: SequenceEncoder, encoder: EventEncoder, numbers: NumberEncoder, guide: Guide | None
) -> SequenceNetwork:
    counts = [np.asarray(vocabulary.counts) for vocabulary in encoder.vocabularies_]
    sizes = {
        "cell": estimator.cell,
        "hidden": int(estimator.hidden),
        "layers": int(estimator.layers),
        "components": int(estimator.n_components or 0),
        "pooling": estimator.pooling,
        "objective": estimator.objective,
        "max_length": int(estimator.max_length),
        "full_softmax": int(estimator.full_softmax),
        "slices": int(estimator.slices),
        "margin": float(estimator.margin),
        "clip": float(estimator.max_gradient),
    }
    network = SequenceNetwork(
        tuple(len(own) for own in counts),
        numbers.width,
        len(numbers.scales),
        sizes,
        np.empty(0, dtype=np.float32),
        guide,
        shares(counts),
    )
    network.params = network.net.initialise(estimator._seed())
    return network


def _training(
    estimator: SequenceEncoder,
    network: SequenceNetwork,
    reading: Reading,
    guided: tuple[Guide, Blocks, np.ndarray] | None,
    parts: list[str],
) -> SequenceTraining:
    lengths = reading.log.lengths
    rows = np.flatnonzero(_teaches(lengths, estimator.objective, guided)).astype(np.int64)
    if len(rows) < 2:
        raise ValueError(
            f"{len(rows)} of {len(lengths)} entities have enough events to learn from; give a log"
            " with at least two entities of two events"
        )
    targets, names = None, [*parts, "contrastive"]
    if guided is not None:
        guide, values, labelled = guided
        targets = core_targets(guide, values, labelled, len(lengths))
        layout = guide.layout
        sources = [*layout.dense_source.tolist(), *layout.code_source.tolist()]
        names += [str(layout.sources[source]) for source in sources]
    per_entity = _events_to_say(lengths[rows], estimator)
    model = _core.SequenceModel(network.net, network.log(reading.log), targets, per_entity)
    options = ExampleOptions.of(estimator, anneal=0)
    train, held_out = split(rows, estimator.validation_fraction, options.seed)
    return SequenceTraining(
        options,
        State.start(network.params),
        network=network,
        model=model,
        rows=train,
        held_out=held_out,
        parts=names,
    )


def _teaches(lengths: np.ndarray, objective: str, guided: Any) -> np.ndarray:
    """Tell which entities there is something to learn from."""
    enough = lengths >= (2 if objective == "next" else 1)
    if guided is not None:
        labelled = np.zeros(len(lengths), dtype=bool)
        labelled[guided[2]] = True
        enough |= labelled & (lengths >= 1)
    return np.asarray(enough)


def _events_to_say(lengths: np.ndarray, estimator: SequenceEncoder) -> float:
    """How many events of an entity the objective says, on average."""
    if estimator.objective == "next":
        return max(float((lengths - 1).mean()), 1.0)
    return max(float(np.minimum(lengths, estimator.max_length).mean()), 1.0)


def _guide(
    estimator: SequenceEncoder, y: Any, index: pd.Index
) -> tuple[Guide, Blocks, np.ndarray] | None:
    """The targets' codec, their values, and the rows of the log that have them."""
    if not is_guided(y, estimator.guide_weight):
        return None
    if not isinstance(y, (pd.Series, pd.DataFrame)):
        raise ValueError(
            f"y is a {type(y).__name__}; targets meet events by identifier: give a Series or"
            " DataFrame indexed by entity"
        )
    if not y.index.is_unique:
        twice = y.index[y.index.duplicated()][0]
        raise ValueError(f"y has entity {twice!r} twice; give each one row of targets")
    places = y.index.get_indexer(index)
    labelled = np.flatnonzero(places >= 0)
    if len(labelled) == 0:
        raise ValueError(
            f"none of the {len(y)} entities of y has events; the first is"
            f" {y.index.tolist()[0]!r}, the log's {index.tolist()[0]!r}"
        )
    guide, values = fit_guide(y.iloc[places[labelled]], estimator.guide_weight)
    return guide, values, labelled
