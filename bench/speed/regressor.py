"""scikit-learn's MLPRegressor as an autoencoder, on the nets of (a) to (d)."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits
from timing import Line, alternate, at_least, check_agreement, medians_of

from entivec.rows.network import Network

from .nets import RATE, Net, trainer_of

THREADS = 2
FASTER = 5.0
OUTPUT_TOLERANCE = 1e-4
LOSS_TOLERANCE = 0.02  # of the first epoch: the rows come in another order


def regressor_of(net: Net, network: Network, x: np.ndarray) -> MLPRegressor:
    """The same net at the same weights; its code is activated as all of its layers are."""
    mirrored = [*net.widths, *net.widths[-2::-1]]
    regressor = MLPRegressor(
        hidden_layer_sizes=mirrored[1:-1],
        activation="identity" if len(mirrored) == 3 else "relu",
        alpha=0.0,
        batch_size=net.batch,
        learning_rate_init=RATE,
        random_state=0,
    )
    regressor.partial_fit(x[: net.batch], x[: net.batch])  # makes the arrays that hold the weights
    at = 0
    for layer, (n_in, n_out) in enumerate(pairwise(mirrored)):
        kernel = network.params[at : at + n_in * n_out].reshape(n_in, n_out)
        at += n_in * n_out
        regressor.coefs_[layer][...] = kernel
        regressor.intercepts_[layer][...] = network.params[at : at + n_out]
        at += n_out
    optimizer = regressor._optimizer  # partial_fit goes on with Adam's moments: begin anew
    for moments in (optimizer.ms, optimizer.vs):
        for moment in moments:
            moment[...] = 0
    optimizer.t = 0
    return regressor


def measure(key: str, net: Net, runs: int) -> tuple[dict[str, Any], list[Line]]:
    """Time epochs in turn, after equal outputs and like losses."""
    network, blocks = net.network(activate_code=len(net.widths) > 2), net.blocks()
    x, few = blocks.dense, blocks.rows(slice(net.batch))
    regressor = regressor_of(net, network, x)
    codes = network.encode(few, THREADS)
    outputs = network.decode(codes, THREADS).dense
    what = f"h {key} {net.name}, batch {net.batch}"
    check_agreement(f"{what}, outputs", outputs, regressor.predict(few.dense), OUTPUT_TOLERANCE)
    trainer = trainer_of(network, network.table(blocks), net, THREADS)
    with warnings.catch_warnings(), threadpool_limits(THREADS):
        warnings.simplefilter("ignore")
        loss = trainer.run(net.steps)
        regressor.partial_fit(x, x)
        check_agreement(f"{what}, loss", [loss], [2 * regressor.loss_], LOSS_TOLERANCE)
        contenders = {
            "MLPRegressor": lambda: regressor.partial_fit(x, x),
            "entivec": lambda: trainer.run(net.steps),
        }
        seconds = alternate(contenders, runs)
    medians = medians_of(seconds)
    ratio = medians["MLPRegressor"] / medians["entivec"]
    steps = {name: [1e6 * s / net.steps for s in times] for name, times in seconds.items()}
    found = {"case": f"h {key}", "net": net._asdict(), "microseconds_a_step": steps}
    found |= {"medians": medians_of(steps), "ratios": {"MLPRegressor": ratio}}
    return found, [at_least(f"{what}, against MLPRegressor", ratio, FASTER)]
