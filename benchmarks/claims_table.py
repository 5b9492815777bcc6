"""Lines of claims.py as tables: values over seeds, gaps to the nulls, differences from the control."""

import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from paper_networks import CONDITIONS, PHASES
from result_lines import Line

GRAPHS = ("weights", "contribution")
TESTS = {
    "ncut layer": "n-cut spectral, `layer`",
    "ncut_refined layer": "n-cut refined, `layer`",
    "Q layer": "Q, `layer`",
    "Q unit_factors": "Q, `unit_factors`",
    "Q dispersion": "Q, `dispersion`",
    "Q profile": "Q, `profile`",
    "Q residual": "Q, `residual`",
}

MARKS = {"undecided": "u", "weak": "w"}
"""How the statuses of tests begin that say more than "ok"."""

Groups = dict[tuple[str, str], list[Line]]


def progress(line: Line) -> str:
    """Return one network's main numbers in a line."""
    gaps = ", ".join(f"{name} {100 * gap(line['weights'], name):+.1f} %" for name in TESTS)
    named = f"{line['condition']}, seed {line['seed']}, {line['phase']}"
    return f"{time.strftime('%H:%M:%S')} {named}: {gaps} ({line['seconds']:.0f} s)"


def gap(graph: Line, test: str) -> float:
    """Return (observed - median of the null) / median of the null."""
    return graph["tests"][test]["observed"] / median(graph, test) - 1


def median(graph: Line, test: str) -> float:
    """Return the median of the null values."""
    return float(np.median(graph["tests"][test]["null_values"]))


def tables(lines: list[Line]) -> str:
    """Return a Markdown section: for each graph the values, the gaps and the differences from the control."""
    groups: Groups = defaultdict(list)
    for line in sorted(lines, key=_place):
        groups[line["condition"], line["phase"]].append(line)
    parts = ["## The paper's claims\n", _legend()]
    for graph in GRAPHS:
        parts += [f"### {graph.capitalize()}\n", _values(groups, graph), _gaps(groups, graph)]
        parts += [_compared(_beside_control(groups), graph), _compared(_beside_phase_before(groups), graph)]
    return "\n".join(parts)


def _legend() -> str:
    return (
        "Mean ± sd over the seeds of training (n). Values: n-cut spectral and refined and Q (layered\n"
        "modularity) at k = 12, z of Q; layer share and stability (mean ARI of three seeds of the\n"
        "estimator) of the partition by spectral n-cut / Q, k = 12 / Q, k free. Gaps: (observed - median\n"
        "of the null) / median of the null in per cent, with the range over seeds and the largest p of\n"
        "the seeds; 50 shuffles each, * : all p at the floor of 1/51. What the test's status says: u :\n"
        "undecided, a small p does not count; w : weak, a large p does not count; 2u : in two seeds.\n"
        "Lower n-cut and higher Q are more clusterable. Differences, paired by seed, in percentage\n"
        "points with the range over seeds: gap less that of the control, then gap less that of the\n"
        "phase before.\n"
    )


def _place(line: Line) -> tuple[int, int, int]:
    return PHASES.index(line["phase"]), list(CONDITIONS).index(line["condition"]), line["seed"]


def _table(groups: Groups, columns: dict[str, Callable[[list[Line]], str]]) -> str:
    rows = [f"| network | n | {' | '.join(columns)} |", "|---" * (2 + len(columns)) + "|"]
    for (condition, phase), lines in groups.items():
        cells = " | ".join(cell(lines) for cell in columns.values())
        rows.append(f"| {condition}, {phase} | {len(lines)} | {cells} |")
    return "\n".join(rows) + "\n"


def _values(groups: Groups, graph: str) -> str:
    def column(value: Callable[[Line], float], digits: int) -> Callable[[list[Line]], str]:
        return lambda lines: _spread([value(line[graph]) for line in lines], digits)

    def shares(name: str) -> Callable[[list[Line]], str]:
        keys = ("ncut", "Q", "Q_free")
        return lambda lines: " / ".join(
            f"{np.mean([line[graph][name][key] for line in lines]):.2f}" for key in keys
        )

    def accuracy(lines: list[Line]) -> str:
        values = [line["test_accuracy"] for line in lines]
        return "" if None in values else _spread(values, 4)

    return _table(
        groups,
        {
            "accuracy": accuracy,
            "n-cut spectral": column(lambda found: found["tests"]["ncut layer"]["observed"], 3),
            "its null, `layer`": column(lambda found: median(found, "ncut layer"), 3),
            "n-cut refined": column(lambda found: found["tests"]["ncut_refined layer"]["observed"], 3),
            "Q, k = 12": column(lambda found: found["tests"]["Q layer"]["observed"], 4),
            "its null, `dispersion`": column(lambda found: median(found, "Q dispersion"), 4),
            "z": column(lambda found: found["tests"]["Q dispersion"]["z"], 1),
            "Q, k free": column(lambda found: max(found["Q_free"]), 4),
            "k chosen": lambda lines: ", ".join(_chosen(line[graph]) for line in lines),
            "layer share": shares("layer_share"),
            "stability": shares("stability"),
            "units left out": lambda lines: f"{np.mean([line[graph]['num_isolated'] for line in lines]):.0f}",
        },
    )


def _chosen(found: Line) -> str:
    """Return the k of the highest Q of the estimator's seeds."""
    return str(found["k_free"][int(np.argmax(found["Q_free"]))])


def _gaps(groups: Groups, graph: str) -> str:
    def column(test: str) -> Callable[[list[Line]], str]:
        return lambda lines: _gap_cell([line[graph] for line in lines], test)

    return _table(groups, {title: column(test) for test, title in TESTS.items()})


def _gap_cell(found: list[Line], test: str) -> str:
    gaps = [100 * gap(graph, test) for graph in found]
    p_values = [graph["tests"][test]["p"] for graph in found]
    floors = [1 / (1 + len(graph["tests"][test]["null_values"])) for graph in found]
    at_floor = "*" if np.allclose(p_values, floors) else ""
    marks = _marks([graph["tests"][test]["status"] for graph in found])
    return f"{_range(gaps)}, p {max(p_values):.2f}{at_floor}{marks}"


def _marks(statuses: list[str]) -> str:
    """Return a mark for what the statuses say, with their number where not all say it."""
    marks = ""
    for word, mark in MARKS.items():
        count = sum(status.startswith(word) for status in statuses)
        if count:
            marks += f" {mark}" if count == len(statuses) else f" {count}{mark}"
    return marks


def _beside_control(groups: Groups) -> Groups:
    """Pair the networks of each condition with the control's of the same phase and seed."""
    return {
        (condition, phase): _paired(lines, groups["control", phase])
        for (condition, phase), lines in groups.items()
        if condition != "control" and ("control", phase) in groups
    }


def _beside_phase_before(groups: Groups) -> Groups:
    """Pair trained networks with untrained ones, pruned with trained ones, of the same seed."""
    steps = [(condition, *step) for step in pairwise(PHASES) for condition in CONDITIONS]
    return {
        (condition, f"{after} less {before}"): _paired(groups[condition, after], groups[condition, before])
        for condition, before, after in steps
        if {(condition, after), (condition, before)} <= groups.keys()
    }


def _paired(lines: list[Line], references: list[Line]) -> list[Line]:
    by_seed = {line["seed"]: line for line in references}
    return [
        {"network": line, "reference": by_seed[line["seed"]]} for line in lines if line["seed"] in by_seed
    ]


def _compared(pairs: Groups, graph: str) -> str:
    """Return the table of gaps less those of the reference of the same seed."""

    def difference(pair: Line, test: str) -> float:
        return 100 * (gap(pair["network"][graph], test) - gap(pair["reference"][graph], test))

    def column(test: str) -> Callable[[list[Line]], str]:
        return lambda lines: _range([difference(pair, test) for pair in lines])

    return _table(pairs, {title: column(test) for test, title in TESTS.items()})


def _range(values: list[float]) -> str:
    return f"{np.mean(values):+.1f} ({min(values):+.1f} to {max(values):+.1f})"


def _spread(values: list[float], digits: int) -> str:
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{deviation}"
