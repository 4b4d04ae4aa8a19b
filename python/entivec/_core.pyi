# The compiled core, typed by hand; stubtest compares this file with the module.
# Arrays are C-contiguous and of exactly the type named: anything else is a TypeError.

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEVELS",
    "AutoEncoder",
    "Corruption",
    "FactLog",
    "FactPlan",
    "FeatureCompression",
    "Graph",
    "Histories",
    "HistoryLog",
    "HistoryModel",
    "HistoryNet",
    "HistorySizes",
    "Interactions",
    "Layout",
    "MaskNet",
    "MeanTrainer",
    "Model",
    "OfferBlocks",
    "OfferLog",
    "OfferNet",
    "OfferSizes",
    "PairTrainer",
    "Pca",
    "RowModel",
    "Sentences",
    "SequenceGuide",
    "SequenceLayout",
    "SequenceModel",
    "SequenceNet",
    "SequenceSizes",
    "SequenceTargets",
    "Sequences",
    "Shape",
    "Table",
    "TablePenalty",
    "TokenTrainer",
    "TokenTraining",
    "Trainer",
    "TrainingOptions",
    "WalkSentences",
    "Walks",
    "draw_keys",
    "fact_columns",
    "facts",
    "fit_pca",
    "gather_events",
    "group_by_bags",
    "group_rows",
    "has_bfloat16",
    "infer_documents",
    "level",
    "levels_built",
    "levels_usable",
    "max_threads",
    "min_hash",
    "mix_groups",
    "pca_of_moments",
    "recency_weights",
    "resolve_n_jobs",
    "rfm",
    "scale",
    "sort_events",
    "start_vectors",
    "table_moments",
]

_Floats: TypeAlias = NDArray[np.float32]
_Doubles: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int32]
_Longs: TypeAlias = NDArray[np.int64]
# parameters, Adam's first and second moments, steps done
_State: TypeAlias = tuple[_Floats, _Floats, _Floats, int]

# The build and the machine.

LEVELS: tuple[str, ...]
level: str

def levels_built() -> tuple[str, ...]: ...
def levels_usable() -> tuple[str, ...]: ...
def max_threads() -> int: ...
def has_bfloat16() -> bool: ...
def resolve_n_jobs(n_jobs: int | None) -> int: ...

# Tables.

# Arrays of any strides, but `statistics` (4, c): centres, widths, means, standard deviations.
def scale(
    numbers: _Floats | _Doubles, statistics: _Doubles, squash: str, cells: _Floats
) -> bool: ...

# Where each entity's events begin (entities + 1), and the places of the events in the log, sorted.
def sort_events(
    entity: _Ints, entities: int, times: _Longs | None, threads: int
) -> tuple[_Longs, _Ints]: ...

# `column` (n) in the order of `rows` into column `at` of `block`, both of one type.
def gather_events(
    rows: _Ints,
    column: _Ints | _Longs | _Doubles,
    block: _Ints | _Longs | _Doubles,
    at: int,
    threads: int,
) -> None: ...

# Sorted events; `levels` maps the codes of each category to its levels, of which there are `sizes`.
class FactLog:
    def __init__(
        self,
        *,
        offsets: _Longs,
        times: _Longs | None,
        local: _Longs | None,
        known: _Longs | None,
        codes: _Ints,
        levels: Sequence[Sequence[int] | _Ints],
        sizes: Sequence[int],
        values: _Doubles,
    ) -> None: ...

# Windows are (ticks, months, events, whether they have lines), a period is (ticks, months); zeros
# where it is none.
class FactPlan:
    def __init__(
        self,
        *,
        facts: Sequence[int],
        windows: Sequence[tuple[int, int, int, bool]],
        period: tuple[int, int],
        ticks_per_day: int,
        newest: int,
        longest: int,
    ) -> None: ...

def fact_columns(log: FactLog, plan: FactPlan) -> int: ...

# Writes into the first `fact_columns` of `out`.
def facts(
    log: FactLog,
    plan: FactPlan,
    entity: _Longs,
    cutoff: _Longs,
    end: _Longs,
    end_local: _Longs,
    threads: int,
    out: _Floats | _Doubles,
) -> None: ...
def rfm(
    log: FactLog,
    repeat: bool,
    value: int,
    ticks_per_day: int,
    entity: _Longs,
    cutoff: _Longs,
    end: _Longs,
    end_local: _Longs,
    threads: int,
) -> _Doubles: ...

class Layout:
    def __init__(
        self,
        *,
        dense_source: Sequence[int],
        dense_gap: Sequence[bool],
        code_source: Sequence[int],
        levels: Sequence[int],
        first_target: Sequence[int],
        share: Sequence[float],
        bag_source: int,
        bag_share: Sequence[float],
        bag_weight: float = 1.0,
        source_weight: Sequence[float] = ...,
    ) -> None: ...
    @property
    def inputs(self) -> int: ...
    @property
    def outputs(self) -> int: ...
    @property
    def encoded(self) -> int: ...
    @property
    def sources(self) -> int: ...

class Table:
    def __init__(
        self,
        layout: Layout,
        dense: _Floats,
        codes: _Ints,
        offsets: _Ints,
        items: _Ints,
        counts: _Floats,
    ) -> None: ...
    @property
    def rows(self) -> int: ...

# Principal components.

class Pca:
    @property
    def mean(self) -> _Doubles: ...
    @property
    def singular_values(self) -> _Doubles: ...
    @property
    def components(self) -> _Doubles: ...

def fit_pca(
    layout: Layout, table: Table, weights: _Floats | None, count: int, seed: int, threads: int
) -> Pca: ...
def table_moments(
    layout: Layout, table: Table, centre: _Doubles, unit: _Doubles, threads: int
) -> tuple[float, _Doubles, _Doubles, _Doubles]: ...
def pca_of_moments(
    layout: Layout,
    rows: float,
    observed: _Doubles,
    total: _Doubles,
    second: _Doubles,
    centre: _Doubles,
    unit: _Doubles,
    count: int,
    seed: int,
) -> Pca: ...

# Autoencoders. Structs take their attributes as keywords; those left out keep the core's defaults.

class Shape:
    hidden: Sequence[int]
    code: int
    activation: str  # cannot be read
    linear_path: bool
    nonlinear_penalty: float
    l2: float
    code_activation: bool
    channels: Sequence[int]
    position_channels: int
    position_cells: Sequence[int]
    contraction: str | None  # cannot be read
    contraction_weight: float
    probes: int
    gram: bool
    variational: bool
    categories: Sequence[int]
    temperature: float
    divergence_weight: float
    capacity: float | None  # cannot be read
    categorical_capacity: float
    bernoulli: bool
    tied_weights: bool
    def __init__(self, **attributes: Any) -> None: ...
    def capacity_at(self, annealed: float) -> float: ...
    def categorical_capacity_at(self, annealed: float) -> float: ...

class AutoEncoder:
    def __init__(self, layout: Layout, shape: Shape, guide: Layout | None = ...) -> None: ...
    @property
    def num_params(self) -> int: ...
    @property
    def encoder_params(self) -> int: ...
    @property
    def code(self) -> int: ...
    @property
    def has_linear_path(self) -> bool: ...
    def initialise(self, seed: int) -> _Floats: ...
    def start_at_pca(self, pca: Pca, linear_heads: bool, params: _Floats) -> _Floats: ...
    def category_features(
        self, params: _Floats, table: Table, rows: NDArray[np.int64], threads: int
    ) -> tuple[_Floats, _Floats]: ...
    def start_categories(self, kernel: _Floats, bias: _Floats, params: _Floats) -> _Floats: ...
    def encode(self, params: _Floats, table: Table, threads: int) -> _Floats: ...
    def decode(
        self, params: _Floats, codes: _Floats, linear_heads: bool, threads: int
    ) -> tuple[_Floats, _Ints, _Floats]: ...
    def predict(
        self, params: _Floats, codes: _Floats, linear_heads: bool, threads: int
    ) -> _Floats: ...
    def evidence(
        self, params: _Floats, table: Table, draws: int, seed: int, threads: int
    ) -> _Floats: ...
    def scales(self, params: _Floats) -> _Floats: ...
    def errors(
        self, params: _Floats, table: Table, linear_heads: bool, threads: int
    ) -> _Floats: ...
    def score(
        self,
        params: _Floats,
        table: Table,
        weights: _Floats | None,
        mean: _Doubles,
        linear_heads: bool,
        threads: int,
        guide: Table | None = ...,
    ) -> tuple[float, _Doubles, _Doubles]: ...
    def guess(self, params: _Floats, table: Table, threads: int) -> _Floats: ...
    def jacobians(self, params: _Floats, table: Table, threads: int) -> _Floats: ...
    def jacobian_norms(
        self, params: _Floats, table: Table, probes: int, seed: int, threads: int
    ) -> _Floats: ...
    def saturation(self, params: _Floats, table: Table, share: float, threads: int) -> _Doubles: ...

class TablePenalty:
    def __init__(self, model: AutoEncoder, table: Table, threads: int) -> None: ...
    def value_and_gradient(self, params: _Floats, seed: int) -> tuple[float, _Floats]: ...

# Training.

class Model:
    @property
    def num_params(self) -> int: ...
    @property
    def num_examples(self) -> int: ...

class TrainingOptions:
    batch_size: int
    first_step: int
    epochs_from: int
    total_steps: int
    learning_rate: float
    schedule: str  # cannot be read
    dropout: float
    anneal_steps: int
    seed: int
    threads: int
    matmul_precision: str  # cannot be read
    def __init__(self, **attributes: Any) -> None: ...

class Trainer:
    def __init__(
        self,
        model: Model,
        examples: NDArray[np.int64],
        state: _State,
        options: TrainingOptions,
    ) -> None: ...
    def run(self, steps: int) -> float: ...
    @property
    def steps_per_epoch(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def annealed(self) -> float: ...
    @property
    def params(self) -> _Floats: ...
    @property
    def step(self) -> int: ...
    @property
    def terms(self) -> _Doubles: ...
    @property
    def state(self) -> _State: ...

class Corruption:
    noise: str | None  # cannot be read
    level: float
    unknown_rate: float
    span: float
    def __init__(self, **attributes: Any) -> None: ...

class RowModel(Model):
    def __init__(
        self,
        model: AutoEncoder,
        table: Table,
        weights: _Floats | None = ...,
        corruption: Corruption = ...,
        guide: Table | None = ...,
    ) -> None: ...
    def loss_and_gradient(self, params: _Floats) -> tuple[float, _Floats]: ...

# Tokens.

class Sentences:
    @property
    def count(self) -> int: ...

class Histories(Sentences):
    def __init__(self, offsets: _Longs, codes: _Ints, first_token: int) -> None: ...

class TokenTraining:
    def __init__(
        self,
        *,
        window: int,
        negatives: int,
        subsample: float,
        ns_exponent: float,
        epochs: int,
        learning_rate: float,
        final_rate: float,
        words: bool,
        documents: bool,
        seed: int,
        threads: int,
    ) -> None: ...

class TokenTrainer:
    # The sum of the losses and how many pairs or targets they are of.
    def run(self, steps: int) -> tuple[float, int]: ...
    def evaluate(self, held_out: Sentences) -> tuple[float, int]: ...
    @property
    def steps_per_epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...

class PairTrainer(TokenTrainer):
    def __init__(
        self,
        sentences: Sentences,
        counts: _Doubles,
        inputs: _Floats,
        outputs: _Floats,
        training: TokenTraining,
    ) -> None: ...

class MeanTrainer(TokenTrainer):
    def __init__(
        self,
        sentences: Sentences,
        counts: _Doubles,
        inputs: _Floats,
        outputs: _Floats,
        training: TokenTraining,
        attributes: _Ints | None = ...,
        num_attributes: int = ...,
    ) -> None: ...
    @property
    def input_scale(self) -> float: ...

def infer_documents(
    sentences: Sentences,
    counts: _Doubles,
    training: TokenTraining,
    input_scale: float,
    words: _Floats,
    outputs: _Floats,
    documents: _Floats,
) -> None: ...
def start_vectors(seed: int, first: int, d: int, vectors: _Floats) -> None: ...

# Graphs.

class Graph:
    def __init__(
        self,
        source: _Ints,
        target: _Ints,
        weight: _Doubles | None,
        nodes: int,
        directed: bool,
        threads: int,
    ) -> None: ...
    @property
    def nodes(self) -> int: ...
    @property
    def arcs(self) -> int: ...

class Walks:
    def __init__(
        self,
        graph: Graph,
        *,
        p: float,
        q: float,
        extend: bool,
        gamma: float,
        length: int,
        seed: int,
        threads: int,
    ) -> None: ...
    def walk(self, nodes: _Ints, number: int, threads: int) -> _Ints: ...  # (nodes, length), -1

class WalkSentences(Sentences):
    def __init__(self, walks: Walks, num_walks: int) -> None: ...
    def frequencies(self, threads: int) -> _Doubles: ...

# Sequences of events.

class SequenceLayout:
    levels: list[int]
    widths: list[int]
    share: list[list[float]]
    numbers: int
    predicted: int
    def __init__(self, **attributes: Any) -> None: ...

class SequenceGuide:
    numbers: int
    classes: list[int]
    weight: list[float]
    def __init__(self, **attributes: Any) -> None: ...

class SequenceSizes:
    hidden: int
    layers: int
    components: int
    max_length: int
    full_softmax: int
    sampled: int
    slices: int
    clip: float
    margin: float
    negatives: int
    cell: str  # cannot be read
    pooling: str  # cannot be read
    objective: str  # cannot be read
    def __init__(self, **attributes: Any) -> None: ...

class Sequences:
    def __init__(
        self,
        layout: SequenceLayout,
        offsets: NDArray[np.int64],
        codes: NDArray[np.int32],
        numbers: _Floats,
    ) -> None: ...
    @property
    def entities(self) -> int: ...

class SequenceTargets:
    def __init__(self, numbers: _Floats, classes: NDArray[np.int32]) -> None: ...

class SequenceNet:
    def __init__(
        self, layout: SequenceLayout, sizes: SequenceSizes, guide: SequenceGuide
    ) -> None: ...
    @property
    def num_params(self) -> int: ...
    @property
    def state(self) -> int: ...
    def initialise(self, seed: int) -> _Floats: ...
    def embed(self, params: _Floats, log: Sequences, threads: int) -> tuple[_Floats, _Floats]: ...
    def trace(self, params: _Floats, log: Sequences, threads: int) -> _Floats: ...
    def numbers(self, params: _Floats, states: _Floats, threads: int) -> _Floats: ...
    def probabilities(
        self, params: _Floats, category: int, states: _Floats, threads: int
    ) -> _Floats: ...
    def guess(self, params: _Floats, embedding: _Floats, threads: int) -> _Floats: ...

class SequenceModel(Model):
    def __init__(
        self,
        net: SequenceNet,
        log: Sequences,
        guide: SequenceTargets | None,
        events_per_example: float,
    ) -> None: ...
    def score(
        self, params: _Floats, examples: NDArray[np.int64], seed: int, threads: int
    ) -> tuple[float, list[float]]: ...
    def loss_and_gradient(self, params: _Floats) -> tuple[float, _Floats]: ...

# Histories: who will want which item.

class HistorySizes:
    items: int
    tokens: int
    age: bool
    hidden: Sequence[int]
    components: int
    max_length: int
    tied: bool
    ordered: bool
    held_out: float
    full_softmax: int
    sampled: int
    def __init__(self, **attributes: Any) -> None: ...

class HistoryLog:
    def __init__(
        self,
        sizes: HistorySizes,
        offsets: _Longs,
        times: _Longs | None,
        items: _Ints,
        token_offsets: _Longs | None,
        tokens: _Ints | None,
    ) -> None: ...

class HistoryNet:
    def __init__(self, sizes: HistorySizes, customers: Layout | None) -> None: ...
    @property
    def num_params(self) -> int: ...
    def initialise(self, seed: int, share: Sequence[float]) -> _Floats: ...
    def embed(
        self,
        params: _Floats,
        log: HistoryLog,
        begin: _Longs,
        end: _Longs,
        customers: Table | None,
        threads: int,
    ) -> _Floats: ...
    def scores(self, params: _Floats, vectors: _Floats, threads: int) -> _Floats: ...
    # Vectors, and biases as the last column.
    def items(self, params: _Floats) -> _Floats: ...

class HistoryModel(Model):
    def __init__(self, net: HistoryNet, log: HistoryLog, customers: Table | None) -> None: ...
    @property
    def labels(self) -> _Longs: ...
    def score(
        self, params: _Floats, examples: NDArray[np.int64], seed: int, threads: int
    ) -> float: ...

# Offers: what a model of them is made of, then the model.

def draw_keys(
    attributes: int, average_length: float, count: int, seed: int
) -> NDArray[np.bool_]: ...
def group_rows(codes: _Ints, kept: Sequence[bool]) -> _Longs: ...
def mix_groups(groups: _Longs, share: float, seed: int) -> tuple[_Longs, _Longs]: ...
def group_by_bags(groups: _Longs, table: _Floats, codes: _Ints) -> tuple[_Floats, _Floats]: ...
def min_hash(offsets: _Longs, values: _Ints, seed: int) -> _Ints: ...
def recency_weights(times: _Longs, half_life: float) -> _Floats: ...

class FeatureCompression:
    def __init__(self, inputs: int, metas: int, width: int) -> None: ...
    @property
    def num_params(self) -> int: ...
    def initialise(self, seed: int) -> _Floats: ...
    def transform(self, params: _Floats, x: _Floats) -> _Floats: ...

class MaskNet:
    def __init__(self, bag: int, metas: int) -> None: ...
    @property
    def num_params(self) -> int: ...
    def initialise(self, seed: int) -> _Floats: ...
    def gate(self, params: _Floats, mean: _Floats, variance: _Floats) -> _Floats: ...

class Interactions:
    def __init__(self, metas: int, width: int, bilinear: bool) -> None: ...
    @property
    def num_params(self) -> int: ...
    def initialise(self, seed: int) -> _Floats: ...
    def contract(self, params: _Floats, offers: _Floats) -> _Floats: ...
    def interact(self, customers: _Floats, contracted: _Floats) -> _Floats: ...

class OfferSizes:
    levels: Sequence[int]
    width: int
    metas: int
    hidden: Sequence[int]
    mask: bool
    bilinear: bool
    augmentations: int
    key_length: float
    mixture: float
    block: int
    max_length: int
    def __init__(self, **attributes: Any) -> None: ...

# Attributes are codes (events,), or offsets (events + 1) and codes.
class OfferLog:
    def __init__(
        self,
        sizes: OfferSizes,
        offsets: _Longs,
        times: _Longs | None,
        attributes: list[_Ints | tuple[_Longs, _Ints]],
        order: _Longs,
        weights: _Floats | None,
    ) -> None: ...

class OfferNet:
    def __init__(self, sizes: OfferSizes, customers: Layout | None) -> None: ...
    @property
    def num_params(self) -> int: ...
    def initialise(self, seed: int) -> _Floats: ...
    def customers(
        self,
        params: _Floats,
        log: OfferLog,
        begin: _Longs,
        end: _Longs,
        customers: Table | None,
        threads: int,
    ) -> _Floats: ...
    def offers(
        self, params: _Floats, log: OfferLog, offsets: _Longs, rows: _Longs, threads: int
    ) -> _Floats: ...
    def scores(
        self, params: _Floats, customers: _Floats, offers: _Floats, threads: int
    ) -> _Floats: ...

class OfferBlocks(Model):
    def __init__(self, net: OfferNet, log: OfferLog, customers: Table | None) -> None: ...
    def score(
        self, params: _Floats, examples: NDArray[np.int64], seed: int, threads: int
    ) -> float: ...
