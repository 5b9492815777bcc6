"""The report's page: one HTML file without any outside resource."""

import re
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clusterability.tracking import SweepTable
from clusterability_analysis import labels
from clusterability_analysis.caveats import Caveat
from clusterability_analysis.conditions import Conditions
from clusterability_analysis.figures.style import THEME
from clusterability_analysis.frontier import Frontier
from clusterability_analysis.significance import Significance

_PACKAGES = ("clusterability", "numpy", "scipy", "pandas", "moocore", "matplotlib")


def render_page(
    sweep: SweepTable,
    conditions: Conditions,
    frontier: Frontier,
    significance: Significance,
    caveats: tuple[Caveat, ...],
    drawings: dict[str, str],
) -> str:
    """Return the page as HTML. `drawings` holds SVG text by figure name; whatever is absent is left out."""
    environment = Environment(
        loader=PackageLoader("clusterability_analysis", "templates"),
        autoescape=True,  # descriptions and errors are texts from outside
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": labels.format_value,
        "number": labels.format_number,
        "probability": labels.format_probability,
        "seconds": labels.format_seconds,
    }
    environment.globals["spread"] = labels.format_spread
    return environment.get_template("report.html.jinja").render(
        sweep=sweep,
        conditions=conditions,
        frontier=frontier,
        significance=significance,
        caveats=caveats,
        figures={name: inline_svg(svg, prefix=name) for name, svg in drawings.items()},
        axis_names=labels.axis_names(conditions.axes),
        seconds=_seconds(conditions.trials),
        provenance=_provenance(sweep.trials),
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions={package: version(package) for package in _PACKAGES},
    )


def inline_svg(svg: str, prefix: str) -> Markup:
    """Fit an SVG file into the page: no prologue, identifiers of its own, colours from the page's theme."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r'href="#', f'href="#{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    for colour, variable in THEME.items():
        body = body.replace(colour, f"var({variable})")
    # The drawing fills the text's width, but no figure's letters get larger than another's.
    body = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = re.sub(
        r'(<svg\b[^>]*?) width="([\d.]+)pt"',
        lambda found: f'{found[1]} style="max-width: {1.5 * float(found[2]):.0f}px"',
        body,
        count=1,
    )
    return Markup(body)  # our own drawing, and matplotlib escapes its texts


def _provenance(trials: pd.DataFrame) -> dict[str, str]:
    """Return commit and versions that the trials ran with; several where they differ."""
    names = [name for name in trials.columns if name == "git_commit" or name.startswith("version_")]
    found = {name: sorted(set(trials[name].dropna().astype(str))) for name in names}
    return {name.removeprefix("version_").replace("_", " "): " / ".join(found[name]) for name in names}


def _seconds(trials: pd.DataFrame) -> dict[str, float]:
    """Return the compute time summed over trials; NaN where it was not recorded."""
    return {name: trials[f"seconds_{name}"].sum(min_count=1) for name in ("training", "measuring")}
