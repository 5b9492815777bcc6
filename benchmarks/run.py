"""Time us beside the reference pipeline on the same graphs, and write benchmarks/RESULTS.md."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from datetime import date
from pathlib import Path

from networks import NAMES, prepare_mlp

HERE = Path(__file__).parent
LARGE = ("vgg16", "mlp_4x2048")  # the reference needs minutes for each clustering of these


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=NAMES, nargs="+", default=list(NAMES), help="networks to time")
    parser.add_argument("--repeats", type=int, default=3, help="null tests per network (default: 3)")
    parser.add_argument("--shuffles", type=int, default=10, help="shuffles per null test (default: 10)")
    parser.add_argument("--training", action="store_true", help="time training and the penalty too")
    parser.add_argument("--sweep", action="store_true", help="time the platform's overhead too")
    arguments = parser.parse_args()
    if any(name.startswith("mlp_") and name not in LARGE for name in arguments.only):
        print("preparing the paper's MLP: trained and pruned once, about 2 minutes", flush=True)
        prepare_mlp()
    sections = [_engine(arguments)]
    if arguments.training:
        from training import training_section

        sections.append(training_section())
    if arguments.sweep:
        from sweep import section

        sections.append(section())
    text = f"# Timings\n\n{_circumstances()}\n\n" + "\n\n".join(sections) + "\n"
    (HERE / "RESULTS.md").write_text(text)
    print(text)


def _engine(arguments: argparse.Namespace) -> str:
    lines = [
        "## Clusterings",
        "",
        "Seconds per clustering over whole null tests, shuffling and graph building included (mean ±",
        "standard deviation over n tests); ratio: the reference's seconds over ours; difference: our",
        "n-cut of the network minus the reference's; MB: peak memory above the loaded network.",
        "",
        "| network | threads | pipeline | n × shuffles | seconds | ratio | n-cut | difference | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in arguments.only:
        for threads in sorted({1, os.cpu_count() or 1}):
            lines += _compared(name, threads, arguments)
    return "\n".join(lines)


def _compared(name: str, threads: int, arguments: argparse.Namespace) -> list[str]:
    repeats, shuffles = (1, 1) if name in LARGE else (arguments.repeats, arguments.shuffles)
    rows, reference = [], None
    for pipeline in ("reference", "spectral", "refined"):
        few = pipeline == "reference" and name not in LARGE
        n, m = (repeats, max(1, shuffles // 3)) if few else (repeats, shuffles)
        print(f"{name}, {threads} threads, {pipeline}: {n} null tests of {m} shuffles", flush=True)
        result = _measure(name, pipeline, threads, m, n)
        reference = reference or result
        seconds = statistics.mean(result["seconds"])
        spread = f" ± {statistics.stdev(result['seconds']):.3f}" if n > 1 else ""
        ncut = statistics.mean(result["observed"])
        rows.append(
            f"| {name} | {threads} | {pipeline} | {n} × {m} | {seconds:.3f}{spread} "
            f"| {statistics.mean(reference['seconds']) / seconds:.1f} | {ncut:.3f} "
            f"| {ncut - statistics.mean(reference['observed']):+.3f} | {result['megabytes']:.0f} |"
        )
    return rows


def _measure(name: str, pipeline: str, threads: int, shuffles: int, repeats: int) -> dict:
    """Run one pipeline in a process of its own, so that its peak memory is its own."""
    command = [
        sys.executable, str(HERE / "measure_one.py"), name, pipeline,
        "--threads", str(threads), "--shuffles", str(shuffles), "--repeats", str(repeats),
    ]  # fmt: skip
    environment = os.environ | {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def _circumstances() -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    return (
        f"{date.today()}, commit {commit}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores. Made by `make bench`."
    )


if __name__ == "__main__":
    main()
