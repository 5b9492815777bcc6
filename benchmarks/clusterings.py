"""Null tests beside the reference pipeline on the same graphs."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from networks import NAMES, prepare_mlp

LARGE = ("vgg16", "mlp_4x2048")  # where one clustering takes the reference seconds or minutes


def section(repeats: int = 3, shuffles: int = 20) -> str:
    """Time the pipelines in processes of their own, and return a Markdown section; about 15 minutes."""
    print("preparing the paper's MLP: trained and pruned once, about 2 minutes", flush=True)
    prepare_mlp()
    lines = [
        "## Clusterings",
        "",
        "Seconds per clustering over whole null tests, shuffling and graph building included (mean ±",
        "standard deviation over n tests); ratio: the reference's seconds over ours; difference: our",
        "n-cut of the network minus the reference's; MB: growth of memory beside the loaded network.",
        "`modularity` finds the layered modularity of k = 12 clusters, its value in place of the n-cut.",
        "",
        "| network | threads | pipeline | n × shuffles | seconds | ratio | n-cut | difference | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in NAMES:
        for threads in sorted({1, os.cpu_count() or 1}):
            lines += _compared(name, threads, repeats, shuffles)
    return "\n".join(lines)


def _compared(name: str, threads: int, repeats: int, shuffles: int) -> list[str]:
    rows, reference = [], None
    for pipeline in ("reference", "spectral", "refined", "modularity"):
        n, m = repeats, shuffles // 3 if pipeline == "reference" else shuffles
        if name in LARGE and pipeline in ("reference", "spectral"):
            n, m = 1, 1
        print(f"{name}, {threads} threads, {pipeline}: {n} null tests of {m} shuffles", flush=True)
        result = _measure(name, pipeline, threads, m, n)
        reference = reference or result
        seconds = statistics.mean(result["seconds"])
        spread = f" ± {statistics.stdev(result['seconds']):.3f}" if n > 1 else ""
        value = statistics.mean(result["observed"])
        difference = f"{value - statistics.mean(reference['observed']):+.3f}"
        rows.append(
            f"| {name} | {threads} | {pipeline} | {n} × {m} | {seconds:.3f}{spread} "
            f"| {statistics.mean(reference['seconds']) / seconds:.1f} | {value:.3f} "
            f"| {'' if pipeline == 'modularity' else difference} | {result['megabytes']:.0f} |"
        )
    return rows


def _measure(name: str, pipeline: str, threads: int, shuffles: int, repeats: int) -> dict:
    """Run one pipeline in a process of its own, so that its peak memory is its own."""
    command = [
        sys.executable, str(Path(__file__).with_name("measure_one.py")), name, pipeline,
        "--threads", str(threads), "--shuffles", str(shuffles), "--repeats", str(repeats),
    ]  # fmt: skip
    environment = os.environ | {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


if __name__ == "__main__":
    print(section())
