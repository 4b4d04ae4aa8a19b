"""One run of a graph embedding in its own process: `graph_peers.py NAME edges.npz out.npy {…}`.

Prints seconds and peak memory as JSON. Imports only what the peer needs, so that it runs in an
environment of the peer's own and its memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

TINY = [(0, k) for k in range(1, 9)] + [(k, k + 1) for k in range(1, 8)]  # to compile on


def entivec(source: np.ndarray, target: np.ndarray, nodes: int, given: dict[str, Any]) -> Any:
    """Node2Vec as a user calls it, from a frame."""
    import pandas as pd

    import entivec

    frame = pd.DataFrame({"source": source, "target": target})
    model = entivec.Node2Vec("source", "target", n_jobs=given["threads"], **given["parameters"])

    def run() -> np.ndarray:
        return model.fit(frame).vectors_.reindex(range(nodes), fill_value=0).to_numpy()

    return run


def pecanpy(source: np.ndarray, target: np.ndarray, nodes: int, given: dict[str, Any]) -> Any:
    """PecanPy's SparseOTF with the same walks, from an edge file.

    It compiles for every graph anew: what a tiny one takes stands apart, as `compile`.
    """
    from pecanpy.pecanpy import SparseOTF

    own = given["parameters"]

    def embed(edges: list[tuple[int, int]] | np.ndarray, num_walks: int, epochs: int) -> np.ndarray:
        with tempfile.NamedTemporaryFile("w", suffix=".edg") as file:
            np.savetxt(file, edges, fmt="%d", delimiter="\t")
            file.flush()
            start = time.perf_counter()
            graph = SparseOTF(own["p"], own["q"], given["threads"], verbose=False)
            graph.read_edg(file.name, weighted=False, directed=False)
        vectors = graph.embed(
            dim=own["n_components"],
            num_walks=num_walks,
            walk_length=own["walk_length"],
            window_size=own["window"],
            epochs=epochs,
        )
        run.seconds = time.perf_counter() - start
        out = np.zeros((nodes, own["n_components"]), np.float32)
        out[[int(node) for node in graph.nodes]] = vectors
        return out

    def run() -> np.ndarray:
        return embed(np.column_stack([source, target]), own["num_walks"], own["max_epochs"])

    embed(TINY, 1, 1)
    run.compile = run.seconds
    return run


def pycleora(source: np.ndarray, target: np.ndarray, nodes: int, given: dict[str, Any]) -> Any:
    """Cleora 3 with its own defaults but the width."""
    from pycleora import SparseMatrix, embed

    def run() -> np.ndarray:
        lines = (f"{one} {other}" for one, other in zip(source, target, strict=True))
        matrix = SparseMatrix.from_iterator(lines, "complex::reflexive::node")
        width, threads = given["parameters"]["n_components"], given["threads"]
        vectors = embed(matrix, feature_dim=width, num_workers=threads)
        out = np.zeros((nodes, width), np.float32)
        out[[int(node) for node in matrix.entity_ids]] = vectors
        return out

    return run


def grape(source: np.ndarray, target: np.ndarray, nodes: int, given: dict[str, Any]) -> Any:
    """GRAPE's Node2Vec (skip-gram of ensmallen) with the same walks, all neighbours of a node."""
    os.environ["RAYON_NUM_THREADS"] = str(given["threads"])
    import pandas as pd
    from embiggen.embedders import Node2VecSkipGramEnsmallen
    from ensmallen import Graph

    own = given["parameters"]

    def run() -> np.ndarray:
        names = pd.DataFrame({"name": [str(node) for node in range(nodes)]})
        edges = pd.DataFrame({"one": source.astype(str), "other": target.astype(str)})
        graph = Graph.from_pd(
            directed=False, edges_df=edges, edge_src_column="one", edge_dst_column="other",
            nodes_df=names, node_name_column="name",
        )  # fmt: skip
        model = Node2VecSkipGramEnsmallen(
            embedding_size=own["n_components"],
            epochs=own["max_epochs"],
            iterations=own["num_walks"],
            walk_length=own["walk_length"],
            window_size=own["window"],
            return_weight=1 / own["p"],
            explore_weight=1 / own["q"],
            number_of_negative_samples=5,
            max_neighbours=nodes,
            verbose=False,
        )
        found = model.fit_transform(graph).get_all_node_embedding()[0]
        return found.loc[names["name"]].to_numpy(np.float32)

    return run


def memory_mb(what: str) -> float:
    """Memory of this process alone; getrusage's peak counts the process it was started from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def main() -> None:
    """Run the contender named, keep its vectors, print what it took."""
    name, edges, out, settings = sys.argv[1:]
    given = json.loads(settings)
    with np.load(edges) as file:
        source, target, nodes = file["source"], file["target"], int(file["nodes"])
    contenders = {"entivec": entivec, "pecanpy": pecanpy, "pycleora": pycleora, "grape": grape}
    run = contenders[name](source, target, nodes, given)
    before = memory_mb("VmRSS")
    start = time.perf_counter()
    vectors = run()
    seconds = getattr(run, "seconds", time.perf_counter() - start)
    np.save(Path(out), vectors)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "seconds": seconds,
        "compile": getattr(run, "compile", 0.0),
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": memory_mb("VmHWM"),
        "imported_mb": before,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
