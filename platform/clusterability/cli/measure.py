"""`clusterability measure CHECKPOINT` and `clusterability measure --module PACKAGE.MODULE:NAME`."""

import argparse
import json
from pathlib import Path
from typing import get_args

from rich.console import Console

from clusterability.cli.module_options import add_module_arguments, check_options
from clusterability.cli.picture_file import check_picture, save_picture
from clusterability.components import names
from clusterability.errors import GraphError
from clusterability.record import Statistic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        nargs="?",
        help=".pt, .pth, .ckpt, .bin, .safetensors, .index.json or .npz; or --module",
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
    parser.add_argument("--device", help="torch device of null tests and lesions, such as cuda")
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
        "--plot", type=Path, metavar="FILE", help="picture of network and nulls, or clusters: png, pdf, svg"
    )
    add_module_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure one checkpoint, or one module, and print what was found."""
    check_options(arguments)
    if arguments.seed < 0:
        raise GraphError(f"seed: got {arguments.seed}, allowed: 0 or more")
    if arguments.plot is not None:
        check_picture(arguments.plot)
    from clusterability.cli.measuring import check_names  # numba: seconds

    check_names(arguments)
    measure = _measure_checkpoint if arguments.module is None else _measure_module
    measure(arguments, console)
    return 0


def _measure_checkpoint(arguments: argparse.Namespace, console: Console) -> None:
    from clusterability.cli.graph_measurement import as_dict, print_tables
    from clusterability.cli.measuring import graph_measurement, measured_graph
    from clusterability.graph import WeightGraph

    graph = WeightGraph.from_checkpoint(
        arguments.checkpoint,
        weighting=arguments.weighting,
        kernel_norm=arguments.kernel_norm,
        kept_layers=arguments.kept_layers,
        only=arguments.only,
        batch_norm=arguments.batch_norm,
        batch_norm_eps=arguments.batch_norm_eps,
    )
    measured = graph_measurement(measured_graph(graph, arguments), arguments)
    if arguments.plot is not None:
        from clusterability.cli.measurement_plot import draw_measurement  # matplotlib: only where it is used

        save_picture(draw_measurement(measured), arguments.plot)
    if arguments.json:
        print(json.dumps(as_dict(measured), indent=2, allow_nan=False))
    else:
        print_tables(measured, console)


def _measure_module(arguments: argparse.Namespace, console: Console) -> None:
    from clusterability.cli.module_measurement import as_dict, measure_module
    from clusterability.cli.module_tables import print_module

    measured = measure_module(arguments)
    if arguments.plot is not None:
        from clusterability.cli.cluster_map_plot import draw_cluster_map

        save_picture(draw_cluster_map(measured), arguments.plot)
    if arguments.json:
        print(json.dumps(as_dict(measured), indent=2, allow_nan=False))
    else:
        print_module(measured, console)
