"""What limits a null test stands beside its p-value."""

import re

import numpy as np
import pytest

from clusterability_analysis.analysis import analyse
from clusterability_analysis.caveats import find_caveats
from clusterability_analysis.page import render_page
from clusterability_analysis.trust import condition_status, status_kinds

UNDECIDED = "undecided: null networks are less uneven; use dispersion"
WEAK = "weak: units vary beyond chance"


@pytest.mark.parametrize(
    ("statuses", "expected", "kinds"),
    [
        (["ok", "ok"], "ok", "ok"),
        (["ok", np.nan], "ok", "ok"),
        ([UNDECIDED, UNDECIDED], UNDECIDED, "undecided"),
        (
            ["ok", UNDECIDED, WEAK, "undecided: other"],
            "undecided in 2 of 4 seeds: null networks are less uneven; use dispersion | "
            "weak in 1 of 4 seeds: units vary beyond chance",
            "undecided in 2 of 4 seeds, weak in 1 of 4 seeds",
        ),
    ],
)
def test_the_statuses_of_seeds_come_to_one(statuses, expected, kinds):
    assert condition_status(statuses) == expected
    assert status_kinds(expected) == kinds


def test_where_nothing_is_known_nothing_is_said():
    assert np.isnan(condition_status([np.nan, None]))


def limited(make_sweep):
    sweep = make_sweep(axes={"penalties.clusterability.weight": [0.0, 1.0]}, verdict=True)
    second = sweep.trials["condition_id"] == "c0001"
    sweep.trials["null_status"] = "ok"
    sweep.trials["layered_modularity_null_status"] = np.where(second, UNDECIDED, "ok")
    sweep.trials["verdict_null_status_contribution"] = np.where(sweep.trials["seed"] == 2, WEAK, "ok")
    return sweep


def test_the_report_shows_them_beside_p_and_in_its_table(make_sweep):
    analysis = analyse(limited(make_sweep))
    table = analysis.significance.conditions.set_index("condition_id")
    assert table["layered_modularity_null_status"].to_dict() == {"c0000": "ok", "c0001": UNDECIDED}
    assert set(table["null_status"]) == {"ok"}
    assert table["verdict_null_status"].isna().all()
    page = render_page(analysis, (), {})
    rows = {
        name: page[page.index(f'<table id="{name}"') :].partition("</table>")[0].split("<tr")
        for name in ("frontier-table", "significance-table", "other-significance-table")
    }
    shown = re.compile(r'<small class="status" title="([^"]*)">([^<]*)</small>')
    (row,) = (row for row in rows["significance-table"] if shown.search(row))
    assert "clusterability 1" in row
    assert shown.findall(row) == [(UNDECIDED, "undecided")]
    assert shown.findall("".join(rows["frontier-table"])) == [(UNDECIDED, "undecided")]
    weak = ("weak in 1 of 3 seeds: units vary beyond chance", "weak in 1 of 3 seeds")
    assert shown.findall("".join(rows["other-significance-table"])) == [weak, weak]
    assert "Below a p stands what its test says of itself" in page


def test_an_undecided_verdict_is_a_serious_caveat(make_sweep):
    analysis = analyse(limited(make_sweep))
    passes = analysis.significance.conditions.set_index("condition_id")["passes"]
    assert passes["c0001"]
    (caveat,) = (item for item in find_caveats(analysis) if "undecided" in item.title)
    assert caveat.serious
    assert caveat.text.startswith("In 1 of 2 conditions the test of the layered modularity at k")
    assert caveat.text.endswith(f"and 1 of the {passes.sum()} conditions that pass are there.")


def test_sweeps_of_earlier_versions_say_nothing(make_sweep):
    analysis = analyse(make_sweep())
    assert analysis.significance.conditions["null_status"].isna().all()
    assert not [caveat for caveat in find_caveats(analysis) if "undecided" in caveat.title]
    page = render_page(analysis, (), {})
    assert 'class="status"' not in page
    assert "Below a p stands" not in page
