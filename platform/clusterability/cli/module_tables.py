"""What `clusterability measure --module` found, as tables."""

from rich.console import Console
from rich.table import Table

from clusterability.cli.graph_measurement import new_table, print_tables, shown
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
        f"hidden units of a cluster set to 0, on {first.num_examples} examples, beside {first.num_random} "
        "random sets of as many units in every layer; in brackets: less the mean of random sets, p",
        highlight=False,
    )
    console.print(_summary(tests))
    for name, test in tests.items():
        console.print(_clusters(name, test))


def _summary(tests: dict[str, LesionTest]) -> Table:
    table = new_table(
        "what clusters do", "clusters of", "k", "functional", "without effect", "largest effect",
        "causal gap", "class information",
    )  # fmt: skip
    for name, test in tests.items():
        table.add_row(
            _CALLED[name],
            str(len(test.clusters)),
            shown(test.functional_clusters),
            str(test.clusters_without_effect),
            shown(test.largest_effect),
            _compared(test.class_gap),
            _compared(test.class_information),
        )
    return table


def _clusters(name: str, test: LesionTest) -> Table:
    regression = test.baseline_accuracy is None
    rise = "loss rises by" if regression else "loss rises by (nats)"
    table = new_table(
        f"lesions, clusters of {_CALLED[name]}", "cluster", "units lesioned", "dead", rise,
        "random sets (95 %)", "p", "accuracy drops by", "effect",
    )  # fmt: skip
    for lesion in test.clusters:
        table.add_row(
            str(lesion.cluster),
            " ".join(map(str, lesion.units_per_layer)),
            str(lesion.dead_units),
            shown(lesion.loss_increase),
            " to ".join(map(shown, lesion.band)),
            shown(lesion.p_value),
            "" if lesion.accuracy_drop is None else f"{lesion.accuracy_drop:.1%}",
            _effect(lesion),
        )
    return table


def _effect(lesion: ClusterLesion) -> str:
    if lesion.status != "ok":
        return lesion.status
    return "yes" if lesion.has_effect else "none"


def _compared(found: Comparison | None) -> str:
    return "" if found is None else f"{shown(found.value)} ({shown(found.excess)}, {shown(found.p_value)})"
