"""The report's page: one HTML file without any outside resource."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from clusterability.components import find, names
from clusterability.duration import format_duration
from clusterability_analysis import labels
from clusterability_analysis.analysis import Analysis
from clusterability_analysis.caveats import Caveat
from clusterability_analysis.drawing import Drawing
from clusterability_analysis.figures.style import THEME
from clusterability_analysis.questions import questions
from clusterability_analysis.trust import is_limited, status_kinds
from clusterability_analysis.twins import find_twins

_PACKAGES = ("clusterability", "numpy", "scipy", "pandas", "moocore", "matplotlib")


def render_page(analysis: Analysis, caveats: tuple[Caveat, ...], drawings: Mapping[str, Drawing]) -> str:
    """Return the page as HTML.

    Args:
        analysis: what the tables show.
        caveats: what to know before quoting a number.
        drawings: the figures by name; whatever is absent is left out.
    """
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
        "duration": format_duration,
        "status_kinds": status_kinds,
    }
    environment.tests["limited"] = is_limited
    environment.globals["spread"] = labels.format_spread
    conditions, sweep = analysis.conditions, analysis.sweep
    return environment.get_template("report.html.jinja").render(
        sweep=sweep,
        shown=analysis.shown,
        conditions=conditions,
        frontier=analysis.frontier,
        second_frontier=analysis.second_frontier,
        questions=questions(analysis.shown.tests),
        significance=analysis.significance,
        limited=_limited(analysis),
        twins=find_twins(conditions),
        caveats=caveats,
        sections=_sections(environment, drawings),
        axis_names=labels.axis_names(conditions.axes),
        seconds=_seconds(conditions.trials),
        provenance=_provenance(sweep.trials),
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions={package: version(package) for package in _PACKAGES},
    )


def _sections(environment: Environment, drawings: Mapping[str, Drawing]) -> list[dict[str, Any]]:
    """Return the page's sections: figures with what stands below them, the template of the figure's name."""
    templates = set(environment.list_templates())
    sections = []
    for name in names("figure"):
        drawing = drawings.get(name)
        below = f"{name}.html.jinja" if f"{name}.html.jinja" in templates else None
        if drawing or below:
            sections.append(
                {
                    "name": name,
                    "title": find("figure", name).title,
                    "drawing": inline_svg(drawing.svg, name, drawing.alternative) if drawing else None,
                    "caption": drawing.caption if drawing else "",
                    "below": below,
                }
            )
    return sections


def inline_svg(svg: str, prefix: str, alternative: str) -> Markup:
    """Fit an SVG file into the page: no prologue, identifiers of its own, colours from the page's theme.

    `alternative` is read out in its place.
    """
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
    body = body.replace("<svg", f'<svg role="img" aria-label="{escape(alternative)}"', 1)
    return Markup(body)  # our own drawing, and matplotlib escapes its texts


def _limited(analysis: Analysis) -> bool:
    """Say whether any null test of the tables has a status other than "ok"."""
    tests = (*analysis.shown.tests, *analysis.shown.other_tests)
    return any(analysis.significance.conditions[test.status].map(is_limited).any() for test in tests)


def _provenance(trials: pd.DataFrame) -> dict[str, str]:
    """Return commit and versions that the trials ran with; several where they differ."""
    names = [name for name in trials.columns if name == "git_commit" or name.startswith("version_")]
    found = {name: sorted(set(trials[name].dropna().astype(str))) for name in names}
    return {name.removeprefix("version_").replace("_", " "): " / ".join(found[name]) for name in names}


def _seconds(trials: pd.DataFrame) -> dict[str, float]:
    """Return the compute time summed over trials; NaN where it was not recorded."""
    return {name: trials[f"seconds_{name}"].sum(min_count=1) for name in ("training", "measuring")}
