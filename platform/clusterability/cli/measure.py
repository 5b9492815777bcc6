"""`clusterability measure CHECKPOINT`."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from rich.progress import Progress

from clusterability.components import names, require_known
from clusterability.errors import GraphError, StorageError, unknown_name
from clusterability.files import written_whole
from clusterability.record import Statistic

if TYPE_CHECKING:
    from clusterability.cli.measurement import MeasuredCheckpoint
    from clusterability.measurement.measured_graph import MeasuredGraph
    from clusterability.record import NullTest

_PICTURES = (".pdf", ".png", ".svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "checkpoint", type=Path, help=".pt, .pth, .ckpt, .bin, .safetensors, .index.json or .npz"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="layers to read: 'actor' is all of 'actor.0', 'actor.2'; with * ? [...]; may be repeated",
    )
    parser.add_argument(
        "--batch-norm",
        choices=("before", "behind"),
        help="side of the nonlinearity that batch norms stand on, where the names in the file do not show it",
    )
    parser.add_argument("--batch-norm-eps", type=float, default=1e-5, metavar="EPS", help="theirs (1e-5)")
    parser.add_argument("--num-clusters", type=int, default=12, metavar="K", help="clusters (12)")
    parser.add_argument(
        "--estimator",
        default="refined",
        help=f"of clusters and nulls: {' or '.join(names('estimator'))} (refined)",
    )
    parser.add_argument(
        "--nulls",
        default="layer,dispersion",
        help="names of docs/nulls.md, your own as package.module:function, or '' (layer,dispersion)",
    )
    parser.add_argument(
        "--statistics",
        default="ncut,layered_modularity",
        help=f"what is tested: {', '.join(get_args(Statistic))} (ncut,layered_modularity)",
    )
    parser.add_argument("--num-shuffles", type=int, default=50, metavar="M", help="null networks each (50)")
    parser.add_argument("--seed", type=int, default=0, help="of partitions and shuffles (0)")
    parser.add_argument("--num-workers", type=int, default=1, help="threads of the null tests (1)")
    parser.add_argument("--device", help="torch device of the null tests, such as cuda (compiled code)")
    parser.add_argument("--k-sweep", action="store_true", help="n-cut for 2 to 16 clusters too")
    parser.add_argument("--kept-layers", default="paper", choices=("paper", "all"), help="of a CNN (paper)")
    parser.add_argument(
        "--weighting",
        default="weights",
        choices=("weights", "normalised"),
        help="edges: weights, or those of units rescaled to one norm, which takes them for ReLU (weights)",
    )
    parser.add_argument("--kernel-norm", default="l1", choices=("l1", "l2"), help="of a kernel (l1)")
    parser.add_argument(
        "--leave-out-dangling",
        action="store_true",
        help="leave out units on no path from inputs to outputs, of null networks as well",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="picture of network and nulls: png, pdf, svg"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure one checkpoint and print what was found."""
    from clusterability.cli.measurement import as_dict, print_tables  # numba: seconds

    if arguments.seed < 0:
        raise GraphError(f"seed: got {arguments.seed}, allowed: 0 or more")
    if arguments.plot is not None:
        _check_picture(arguments.plot)
    checkpoint = _measured(arguments)
    if arguments.plot is not None:
        _save_picture(checkpoint, arguments.plot)
    if arguments.json:
        print(json.dumps(as_dict(checkpoint), indent=2, allow_nan=False))
    else:
        print_tables(checkpoint, console)
    return 0


def _measured(arguments: argparse.Namespace) -> "MeasuredCheckpoint":
    from clusterability.cli.measurement import MeasuredCheckpoint  # numba: seconds
    from clusterability.graph import WeightGraph
    from clusterability.measurement.measured_graph import MeasuredGraph
    from clusterability.ncut.measure import check_request
    from clusterability.nulls.plan import NullTestPlan

    graph = WeightGraph.from_checkpoint(
        arguments.checkpoint,
        weighting=arguments.weighting,
        kernel_norm=arguments.kernel_norm,
        kept_layers=arguments.kept_layers,
        only=arguments.only,
        batch_norm=arguments.batch_norm,
        batch_norm_eps=arguments.batch_norm_eps,
    )
    if arguments.leave_out_dangling:
        graph = graph.without_dangling()
    check_request(graph, arguments.num_clusters, arguments.estimator)
    plan = NullTestPlan(
        num_shuffles=arguments.num_shuffles,
        num_clusters=arguments.num_clusters,
        estimator=arguments.estimator,
        seed=arguments.seed,
        num_workers=arguments.num_workers,
        device=arguments.device,
    )
    measured = MeasuredGraph(graph, plan)
    tests = _null_tests(measured, _listed(arguments.nulls), _listed(arguments.statistics))
    estimators = sorted({*names("estimator"), arguments.estimator})
    numbers = range(2, min(16, graph.num_nodes) + 1)
    sweeps = {name: measured.ncuts(numbers, name) for name in estimators if arguments.k_sweep}
    results = {name: measured.ncut(name) for name in estimators}
    return MeasuredCheckpoint(
        graph=graph,
        results=results,
        modularity=measured.modularity,
        estimator=arguments.estimator,
        stability={name: measured.stability_of(result) for name, result in results.items()},
        layered_stability=measured.stability_of(measured.modularity),
        tests=tests,
        sweeps=sweeps,
    )


def _listed(text: str) -> tuple[Any, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _null_tests(
    measured: "MeasuredGraph", nulls: tuple[str, ...], statistics: tuple[Statistic, ...]
) -> tuple["NullTest", ...]:
    for name in nulls:
        require_known("null", name)
    for name in statistics:
        if name not in get_args(Statistic):
            raise GraphError(unknown_name("statistic", name, get_args(Statistic)))
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        total = measured.plan.num_shuffles
        bars = {
            (statistic, null): progress.add_task(f"{statistic}, null {null}", total=total)
            for statistic in statistics
            for null in nulls
        }

        def tests_of(statistic: Statistic) -> tuple["NullTest", ...]:
            return measured.null_tests(
                nulls,
                statistic,
                lambda null, found: progress.update(bars[statistic, null], completed=found),
            )

        return tuple(test for statistic in statistics for test in tests_of(statistic))


def _check_picture(path: Path) -> None:
    """Say before minutes of work that the picture could not be kept."""
    if path.suffix not in _PICTURES:
        raise StorageError(f"plot {str(path)!r}: got suffix {path.suffix!r}, allowed: {', '.join(_PICTURES)}")
    if path.is_dir() or not path.parent.is_dir():
        raise StorageError(f"plot {str(path)!r}: got no file in a folder that exists, allowed: such a file")
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"plot {str(path)!r}: its folder cannot be written, allowed: one that can")


def _save_picture(checkpoint: "MeasuredCheckpoint", path: Path) -> None:
    from clusterability.cli.measurement_plot import draw_measurement  # matplotlib: only where it is used

    try:
        with written_whole(path) as draft:
            draw_measurement(checkpoint).savefig(draft, dpi=150)
    except OSError as error:
        raise StorageError(f"plot {str(path)!r} cannot be written: {error.strerror or error}") from error
