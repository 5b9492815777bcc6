"""What `clusterability measure --module` found, as tables."""

from rich.console import Console
from rich.table import Table

from clusterability.cli.graph_measurement import new_table, print_tables
from clusterability.cli.module_measurement import MODULARITY, NCUT, ModuleMeasurement
from clusterability.lesions import ClusterLesion, Comparison, LesionTest

_CALLED = {MODULARITY: "layered modularity", NCUT: "n-cut"}


def print_module(measured: ModuleMeasurement, console: Console) -> None:
    """Print caveats, accuracy, both graphs and the clusters' lesions."""
    console.print(measured.name, style="bold", markup=False, highlight=False)
    for note in measured.notes:
        console.print(note, style="yellow", markup=False, highlight=False)
    evaluation = measured.evaluation
    if evaluation is not None:
        called = "R²" if measured.is_regression else "accuracy"
        unit = "" if measured.is_regression else " nats"
        console.print(
            f"{called} {evaluation.accuracy:.4g}, loss {evaluation.loss:.4g}{unit}, on "
            f"{measured.num_examples} examples",
            highlight=False,
        )
    console.rule(measured.weights.graph.weighting, align="left")
    print_tables(measured.weights, console)
    if measured.contribution is not None:
        console.rule("contributions", align="left")
        print_tables(measured.contribution, console)
    if measured.lesions:
        console.rule("lesions", align="left")
        _print_lesions(measured.lesions, console)


def _print_lesions(tests: dict[str, LesionTest], console: Console) -> None:
    first = next(iter(tests.values()))
    console.print(
        f"a cluster's hidden units set to 0, on {first.num_examples} examples, beside {first.num_random} "
        "random sets of as many units in every layer",
        highlight=False,
    )
    unit = "" if first.baseline_accuracy is None else " (nats)"
    console.print(_summary(tests, unit))
    console.print("in brackets: less the mean of random sets, and p")
    for name, test in tests.items():
        console.print(_clusters(name, test, unit))


def _summary(tests: dict[str, LesionTest], unit: str) -> Table:
    found = tests.values()
    table = new_table("what clusters do", "clusters of", *(_CALLED[name] for name in tests))
    table.add_row("clusters", *(str(len(test.clusters)) for test in found))
    table.add_row("functional clusters", *(_short(test.functional_clusters) for test in found))
    table.add_row("clusters without effect", *(str(test.clusters_without_effect) for test in found))
    table.add_row(f"largest effect{unit}", *(_short(test.largest_effect) for test in found))
    table.add_row("causal gap", *(_compared(test.class_gap) for test in found))
    table.add_row("class information (nats)", *(_compared(test.class_information) for test in found))
    return table


def _clusters(name: str, test: LesionTest, unit: str) -> Table:
    table = new_table(
        f"lesions, clusters of {_CALLED[name]}", "", "units", "dead", f"loss{unit}", "random, 95 %", "p",
        "accuracy", "effect",
    )  # fmt: skip
    for lesion in test.clusters:
        table.add_row(
            str(lesion.cluster),
            " ".join(map(str, lesion.units_per_layer)),
            str(lesion.dead_units),
            f"{lesion.loss_increase:+.2g}",
            " to ".join(map(_short, lesion.band)),
            _short(lesion.p_value),
            "" if lesion.accuracy_drop is None else f"{0.0 - lesion.accuracy_drop:+.1%}",
            _effect(lesion),
        )
    return table


def _effect(lesion: ClusterLesion) -> str:
    if lesion.num_units == 0:
        return "no units"
    if lesion.status != "ok":
        return "all dead"
    return "yes" if lesion.has_effect else "none"


def _compared(found: Comparison | None) -> str:
    return "" if found is None else f"{_short(found.value)} ({_short(found.excess)}, {_short(found.p_value)})"


def _short(value: float) -> str:
    return f"{value:.2g}" if abs(value) >= 1e-4 else f"{value:.0e}" if value else "0"
