"""Vectors of nodes that training has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from entivec.graphs.edges import Edges


def mean_of_neighbours(
    edges: Edges, known: pd.Index, vectors: np.ndarray
) -> tuple[pd.Index, np.ndarray]:
    """Return the nodes that are new and next to known ones, and the means of these.

    A mean is weighted by the edges, whichever way they point; summed in double, in an order that
    does not depend on that of the edges.

    Parameters
    ----------
    edges : Edges
    known : Index of n nodes
    vectors : ndarray of shape (n, d)

    Returns
    -------
    nodes : Index
        Sorted; new nodes without a known neighbour are left out.
    means : ndarray of shape (nodes, d), float32
    """
    place = known.get_indexer(edges.nodes)
    near = np.concatenate([edges.source, edges.target])
    far = np.concatenate([edges.target, edges.source])
    weight = np.ones(len(near)) if edges.weight is None else np.tile(edges.weight, 2)
    used = (place[near] < 0) & (place[far] >= 0)
    near, far, weight = near[used], place[far[used]], weight[used]
    order = np.lexsort([weight, far, near])
    nodes, rows = np.unique(near[order], return_inverse=True)
    shape = (len(nodes), len(known))
    links = csr_matrix((weight[order], (rows, far[order])), shape=shape)
    total = np.bincount(rows, weights=weight[order], minlength=len(nodes))
    means = (links @ vectors.astype(np.float64)) / total[:, None]
    return edges.nodes[nodes], means.astype(np.float32)
