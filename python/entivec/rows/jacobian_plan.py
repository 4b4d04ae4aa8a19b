"""How the contractive penalty of a whole encoder is computed: counted before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DEAREST_EXACT = (
    2.0  # products of the exact penalty, in those of a step without one, that "auto" accepts
)


@dataclass(frozen=True)
class JacobianPlan:
    """The way chosen and what each way costs.

    Attributes
    ----------
    mode : {"exact", "probe"}
        All d unit vectors of the code, or random ±1 vectors.
    n_vectors : int
        Vectors a row carries from the code towards the input: d, or the number of probes.
    closing : {"gram", "kernel"}
        Last product of the chain: with the Gram matrix of the first kernel, once a batch, or with
        the kernel itself for every vector.
    products : dict of str to int
        Multiply-adds a batch of every way, value and gradient together, and of the step without
        the penalty ("plain step").
    """

    mode: str
    n_vectors: int
    closing: str
    products: dict[str, int]


def plan_jacobian(
    inputs: int,
    active: int,
    widths: Sequence[int],
    linear: int,
    rows: int,
    jacobian: str,
    n_probes: int,
) -> JacobianPlan:
    """Count the multiply-adds of every way and choose the cheapest that `jacobian` allows.

    Parameters
    ----------
    inputs : int
        Rows of the first kernel: encoded width of a row.
    active : int
        Those that are not zero in a row, where categorical cells are looked up.
    widths : sequence of int
        Hidden layers, then the code.
    linear : int
        Columns of the linear path beside the first layer, or 0.
    rows : int
        Rows of a batch.
    jacobian : {"auto", "exact", "probe"}
        "auto": exact unless that is more than `DEAREST_EXACT` times a step without the penalty.
    n_probes : int
    """
    joint, code = linear + widths[0], widths[-1]
    maps = [below * above for below, above in pairwise(widths)]

    def chain(vectors: int, exact: bool) -> int:
        # Down, up, and the kernels' gradient; the exact chain starts with a scaled copy.
        largest = sum(maps[:-1] if exact else maps)
        scaled = maps[-1] if exact and maps else 0
        return 3 * rows * (vectors * largest + scaled)

    def close(vectors: int, closing: str) -> int:
        if closing == "kernel":
            return 3 * rows * vectors * inputs * joint
        # Half of a symmetric product, and the kernel's gradient at the end.
        once = inputs * joint**2 // 2 + inputs * joint**2
        return rows * vectors * (joint**2 + joint**2 // 2) + once

    vectors = {"exact": code, "probe": n_probes}
    products = {
        f"{mode}, {closing}": chain(count, mode == "exact") + close(count, closing)
        for mode, count in vectors.items()
        for closing in ("gram", "kernel")
    }
    # Encoder and mirrored decoder; forward and two products backward.
    plain = 3 * rows * (active * joint + inputs * joint + 2 * sum(maps))

    def cheapest(mode: str) -> str:
        return min((name for name in products if name.startswith(mode)), key=products.__getitem__)

    mode = jacobian
    if jacobian == "auto":
        mode = "exact" if products[cheapest("exact")] <= DEAREST_EXACT * plain else "probe"
    closing = cheapest(mode).split(", ")[1]
    return JacobianPlan(mode, vectors[mode], closing, {**products, "plain step": plain})
