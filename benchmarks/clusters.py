"""What clusters do, by way of training: the tables and figures of docs/what-clusters-do.md.

Made of the sweeps of clusters_mnist (MNIST and Fashion-MNIST), curves_mnist and twins_mnist, which are run
first, or continued: about 1.5 hours of one core. Run alone: python benchmarks/clusters.py [--table]; --table
makes tables and figures of the records that there are.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import clusters_again
import clusters_curves
import clusters_figure
import clusters_table as tables
from clusters_records import CLUSTERS, CURVES, SWEEPS, TWINS, Groups, commits, groups_of
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from result_lines import Line, read_lines

from clusterability_analysis.figures.style import style

DOTS_PER_INCH = 100  # a picture stays below 150 kB
DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"
PAGES = ("what-clusters-do.md", "controls.md")


def section() -> str:
    """Run what is missing, write tables and figures into docs/, and return the section of seconds."""
    for sweep in SWEEPS:
        command = ["clusterability", "sweep", sweep.space, *sweep.overrides, "resources.max_concurrent=1"]
        subprocess.run([sys.executable, "-m", *command], check=True)
    clusters_again.measure_missing()
    return write()


def write() -> str:
    """Write tables and figures of the records that there are; return the section of seconds."""
    clusters = {dataset: groups_of(sweep) for dataset, sweep in CLUSTERS.items()}
    twins, curves = groups_of(TWINS), groups_of(CURVES)
    lines = read_lines(clusters_again.RESULTS)
    seconds = {"seconds": tables.seconds(clusters), "stages": clusters_again.stages(lines)}
    made = {
        **_of_clusters(clusters, lines),
        **seconds,
        "by partition": clusters_again.by_partition(lines),
        "twins": tables.twins(twins),
        "twins, excess": tables.twin_excess(twins),
        "curves": clusters_curves.table_of(curves),
        "curves, half": clusters_curves.halves(curves),
    }
    for page in PAGES:
        path = DOCS / page
        path.write_text(filled(path.read_text(), made))
    by_mean = {name: clusters_again.selectivity(lines, groups) for name, groups in clusters.items()}
    drawn = clusters_figure.draw(clusters_figure.info(clusters, by_mean))
    _save(drawn, PICTURES / "what-clusters-do.png")
    _save(clusters_curves.draw(curves), PICTURES / "curves.png")
    measured = {line["commit"][:9] for line in lines if line["seconds"]}
    made_by = "; ".join(f"{dataset} at {commits(groups)}" for dataset, groups in clusters.items())
    note = f"Wall-clock seconds of trials, {made_by}; processor seconds of stages at {', '.join(measured)}."
    return "\n\n".join(["## What clusters do: seconds of a trial", note, *seconds.values()])


def _of_clusters(clusters: dict[str, Groups], lines: list[Line]) -> dict[str, str]:
    made = {}
    for dataset, groups in clusters.items():
        if groups:
            made |= {
                f"{dataset}: structure": tables.structure(groups),
                f"{dataset}: function": tables.function(groups, tables.LAYERED),
                f"{dataset}: function, n-cut": tables.function(groups, tables.NCUT),
                f"{dataset}: function, by the mean": clusters_again.by_mean(lines, groups),
                f"{dataset}: differences": tables.differences(groups),
                f"{dataset}: commits": f"Commits of these trials: {commits(groups)}.",
            }
    return made


def _save(figure: Figure, path: Path) -> None:
    with style():
        FigureCanvasAgg(figure)
        figure.savefig(path, dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.08)


def filled(text: str, made: dict[str, str]) -> str:
    """Return a page with its tables replaced: what stands between `<!-- table: NAME -->` and `<!-- end -->`.

    Raises:
        KeyError: the page asks for a table that is not made.
    """
    return re.sub(
        r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{made[found[2]]}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true", help="run nothing, use what there is")
    print(write() if parser.parse_args().table else section())
