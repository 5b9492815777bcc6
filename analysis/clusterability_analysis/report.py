"""The report of one sweep: tables as CSV, figures as PNG and SVG, and a page that holds them all."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from clusterability.components import find, names
from clusterability.tracking import SweepTable
from clusterability_analysis.analysis import Analysis, analyse
from clusterability_analysis.caveats import Caveat, find_caveats
from clusterability_analysis.conditions import Conditions
from clusterability_analysis.drawing import Drawing
from clusterability_analysis.frontier import Frontier
from clusterability_analysis.significance import Significance


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Where a sweep's report lies, and what it found."""

    folder: Path
    html: Path
    """The page to open: everything in one file."""
    trials_csv: Path
    frontier_csv: Path
    second_frontier_csv: Path | None
    """None where there is no frontier of layered modularity."""
    significance_csv: Path
    figures: tuple[Path, ...]
    """PNG and SVG files; none where no trial is complete."""
    sweep: SweepTable
    conditions: Conditions
    frontier: Frontier
    significance: Significance
    caveats: tuple[Caveat, ...]


def write_report(sweep: SweepTable, folder: Path) -> Report:
    """Analyse a sweep and write its report into `folder`, which is made if it does not exist.

    Writes report.html (self-contained), trials.csv, frontier.csv, second_frontier.csv where there is one,
    significance.csv, and each figure of the table of components as .png and .svg. Files are written in a
    temporary folder first and then replaced, the page last: a reader never sees half a file, and the page
    never names one that is not there.
    """
    from clusterability_analysis.page import render_page  # matplotlib and jinja2: half a second

    analysis = analyse(sweep)
    caveats = find_caveats(analysis)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".report-", dir=folder) as name:
        draft = Path(name)
        drawings = _write_figures(draft, analysis)
        _write_tables(draft, analysis)
        (draft / "report.html").write_text(render_page(analysis, caveats, drawings), encoding="utf-8")
        written = sorted(path.name for path in draft.iterdir() if path.name != "report.html")
        for file in (*written, "report.html"):
            (draft / file).replace(folder / file)
    return Report(
        folder=folder,
        html=folder / "report.html",
        trials_csv=folder / "trials.csv",
        frontier_csv=folder / "frontier.csv",
        second_frontier_csv=folder / "second_frontier.csv" if analysis.second_frontier else None,
        significance_csv=folder / "significance.csv",
        figures=tuple(folder / file for file in written if file.endswith((".png", ".svg"))),
        sweep=sweep,
        conditions=analysis.conditions,
        frontier=analysis.frontier,
        significance=analysis.significance,
        caveats=caveats,
    )


def _all_trials(sweep: SweepTable, significance: Significance) -> pd.DataFrame:
    """Return every row of the sweep, whatever its state, with q-values where a trial was tested."""
    q_values = significance.trials.set_index("trial_id")["q_value"]
    complete = sweep.trials["state"].eq("complete")
    return sweep.trials.assign(q_value=sweep.trials["trial_id"].map(q_values).where(complete))


def _write_tables(draft: Path, analysis: Analysis) -> None:
    tables = {
        "trials": _all_trials(analysis.sweep, analysis.significance),
        "frontier": analysis.frontier.table,
        "significance": analysis.significance.conditions,
    }
    if analysis.second_frontier is not None:
        tables["second_frontier"] = analysis.second_frontier.table
    for name, table in tables.items():
        table.to_csv(draft / f"{name}.csv", index=False)


def _write_figures(draft: Path, analysis: Analysis) -> dict[str, Drawing]:
    """Draw what there is to draw; return each figure as the page shows it, by name."""
    from clusterability_analysis.figures.style import save_png, svg_text

    drawings = {}
    for name in names("figure"):
        component = find("figure", name)
        info = component.info(analysis)
        if info is None:
            continue
        figure = component.draw(info)
        save_png(figure, draft / f"{name}.png")
        svg = svg_text(figure)
        (draft / f"{name}.svg").write_text(svg, encoding="utf-8")
        drawings[name] = Drawing(
            svg=svg, caption=component.caption(info), alternative=component.alternative(info)
        )
    return drawings
