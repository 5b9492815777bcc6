"""Time one pipeline on one network in a process of its own, and print the result as JSON.

The time per clustering is that of a whole null test with one worker, shuffling and graph building included,
over its number of clusterings.
"""

import argparse
import json
import time
from threading import Event, Thread

import numpy as np
import psutil
import reference
from networks import load_graph
from threadpoolctl import threadpool_limits

from clusterability import null_test

NUM_CLUSTERS = 12
OURS = {
    "refined": {"estimator": "refined"},
    "spectral": {"estimator": "spectral"},
    "modularity": {"statistic": "layered_modularity"},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("pipeline", choices=("reference", *OURS))
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--shuffles", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    arguments = parser.parse_args()
    graph = load_graph(arguments.network)
    with threadpool_limits(arguments.threads), _Memory() as memory:
        run = _reference if arguments.pipeline == "reference" else _ours
        results = [run(graph, arguments, repeat) for repeat in range(arguments.repeats)]
    seconds, observed = (list(column) for column in zip(*results, strict=True))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "observed": [float(value) for value in observed],
                "megabytes": memory.grown_by,
            }
        )
    )


def _ours(graph, arguments, repeat):
    # Compiled code is loaded before the clock starts, as scikit-learn's is on import.
    options = OURS[arguments.pipeline]
    null_test(graph, num_shuffles=1, num_clusters=NUM_CLUSTERS, **options)
    started = time.perf_counter()
    test = null_test(
        graph, num_shuffles=arguments.shuffles, num_clusters=NUM_CLUSTERS,
        seed=repeat, num_workers=arguments.threads, **options,
    )  # fmt: skip
    seconds = (time.perf_counter() - started) / (1 + arguments.shuffles)
    return seconds, test.observed


def _reference(graph, arguments, repeat):
    matrices = [block.matrix for block in graph.blocks]
    rng = np.random.default_rng(repeat)
    started = time.perf_counter()
    observed = reference.cluster(reference.adjacency_of(matrices), NUM_CLUSTERS, repeat)
    for _ in range(arguments.shuffles):
        reference.cluster(reference.adjacency_of(reference.shuffled(matrices, rng)), NUM_CLUSTERS, repeat)
    seconds = (time.perf_counter() - started) / (1 + arguments.shuffles)
    return seconds, observed


class _Memory:
    """Watches by how many megabytes this process grows, 100 times a second: peaks of ms may be missed."""

    def __enter__(self) -> "_Memory":
        self.process, self.done = psutil.Process(), Event()
        self.before = self.peak = self.process.memory_info().rss
        self.thread = Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.done.wait(0.01):
            self.peak = max(self.peak, self.process.memory_info().rss)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    @property
    def grown_by(self) -> float:
        return (self.peak - self.before) / 1e6


if __name__ == "__main__":
    main()
