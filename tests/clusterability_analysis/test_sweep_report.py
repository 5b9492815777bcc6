import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from clusterability.components import COMPONENTS
from clusterability_analysis import frontier_text, write_report

HOSTILE = (
    """<script>alert(1)</script>"><img src=http://evil.example/x onerror=alert(2)> & [bold]{{ 7 * 7 }}"""
)


class Page(HTMLParser):
    """Collects what a page is made of."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.rows, self.ids, self.text = [], [], {}, [], []
        self._open, self._table = [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "table":
            self._table = dict(attrs)["id"]
            self.rows[self._table] = []
        if tag == "tr":
            self.rows[self._table].append([])
        if tag in ("td", "th"):
            self.rows[self._table][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script"):
            self.text.append(data)
        if {"td", "th"} & set(self._open):
            self.rows[self._table][-1][-1] += data


@pytest.fixture(scope="module")
def written(make_sweep, tmp_path_factory):
    report = write_report(make_sweep(failing=[0, 5]), tmp_path_factory.mktemp("sweep") / "report")
    return report, Page(report.html.read_text(encoding="utf-8"))


@pytest.fixture
def write(make_sweep, tmp_path):
    def write(**options):
        report = write_report(make_sweep(**options), tmp_path / "report")
        return report, Page(report.html.read_text(encoding="utf-8"))

    return write


def test_report_folder_holds_all_files_and_nothing_else(written):
    report, _ = written
    names = {path.name for path in report.folder.iterdir()}
    figures = {f"{name}.{kind}" for name in ("frontier", "significance", "axes") for kind in ("png", "svg")}
    assert names == figures | {"report.html", "trials.csv", "frontier.csv", "significance.csv"}
    assert {path.name for path in report.figures} == figures


def test_page_holds_the_tables(written):
    report, page = written
    assert set(page.rows) == {"frontier-table", "significance-table", "failed-table"}
    frontier = page.rows["frontier-table"]
    assert len(frontier) == 1 + len(report.frontier.table)
    assert frontier[0][:5] == ["#", "test accuracy", "n-cut", "q", "z"]
    assert frontier[0][-4:] == ["clusterability", "L1", "dropout", "failed"]
    first = report.frontier.table.iloc[0]
    assert frontier[1][0] == "1"
    assert frontier[1][2].startswith(f"{first['ncut_mean']:.2f} ± ")
    assert len(page.rows["significance-table"]) == 1 + 12
    assert [row[-1] for row in page.rows["failed-table"][1:]] == ["the loss is not finite after epoch 3"] * 2


def test_page_states_counts_family_and_caveats(written):
    _, page = written
    text = " ".join(" ".join(page.text).split())
    assert "34 of 36, 2 failed or stopped" in text
    assert "over the 12 tested conditions" in text
    assert "without any structure in the function" in text
    assert "trained again with fresh seeds" in text
    assert "ncut.num_clusters" in text


def test_page_needs_nothing_from_outside(written):
    report, page = written
    assert page.tags.count("svg") == 3
    assert not {"link", "img", "script", "iframe", "object", "image"} & set(page.tags)
    for name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert value.startswith("#"), (name, value)
    source = report.html.read_text(encoding="utf-8")
    assert not re.search(r"@import|url\((?!#)", source)
    assert set(re.findall(r"https?://[^\s\"'<]+", source)) <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
    }  # fmt: skip


def test_every_drawing_is_told_in_words(written):
    report, page = written
    told = [value for name, value in page.attributes if name == "aria-label"]
    assert page.attributes.count(("role", "img")) == page.tags.count("svg") == len(told)
    first = report.frontier.table.iloc[0]
    assert f"1 ({first['label']}): n-cut {first['ncut_mean']:.2f}, test accuracy " in told[0]
    passing = int(report.significance.conditions["passes"].sum())
    assert f"12 conditions beside their null networks, the most clusterable first; {passing} pass" in told[1]
    assert "clusterability (0: " in told[2]


def test_references_inside_the_drawings_hold(written):
    report, page = written
    source = report.html.read_text(encoding="utf-8")
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', source))
    assert used
    assert {left or right for left, right in used} <= set(page.ids)


def test_drawings_follow_the_pages_theme(written):
    report, _ = written
    drawings = re.findall(r"<svg.*?</svg>", report.html.read_text(encoding="utf-8"), flags=re.DOTALL)
    for drawing in drawings:
        assert "var(--ink)" in drawing
        assert not re.findall(r"#[0-9a-f]{6}\b", drawing)


def test_hostile_texts_stay_texts(write):
    _, page = write(
        axes={"model.widths": [HOSTILE, "[64]"]}, description=HOSTILE, space=HOSTILE, sweep_id=HOSTILE,
        state=HOSTILE, failing=[0], error=HOSTILE, settings={HOSTILE: HOSTILE},
    )  # fmt: skip
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.rows["failed-table"][1][-1] == HOSTILE
    assert HOSTILE in "".join(page.text)


def test_page_names_what_the_trials_ran_with(make_sweep, tmp_path):
    sweep = make_sweep(axes={}, seeds=[0, 1])
    sweep.trials["git_commit"], sweep.trials["version_torch"] = ["abc123", "def456"], "2.13.0"
    text = "".join(Page(write_report(sweep, tmp_path).html.read_text(encoding="utf-8")).text)
    assert "Trials ran with git commit abc123 / def456, torch 2.13.0." in text


def test_trials_csv_has_every_trial_and_q_values_of_tested_ones(written):
    report, _ = written
    trials = pd.read_csv(report.trials_csv)
    assert len(trials) == 36
    assert trials.loc[[0, 5], "q_value"].isna().all()
    assert trials["q_value"].notna().sum() == 34
    assert trials["error"].notna().sum() == 2


def test_frontier_csv_is_the_frontier(written):
    report, _ = written
    pd.testing.assert_frame_equal(
        pd.read_csv(report.frontier_csv), report.frontier.table, check_dtype=False, check_exact=False
    )


def test_second_report_replaces_the_first(make_sweep, tmp_path):
    write_report(make_sweep(), tmp_path)
    report = write_report(make_sweep(description="another question"), tmp_path)
    assert "another question" in report.html.read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 10


def test_report_that_fails_leaves_the_earlier_one(make_sweep, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    before = write_report(make_sweep(), tmp_path).html.read_bytes()
    monkeypatch.setattr("clusterability_analysis.page.render_page", fail)
    with pytest.raises(OSError, match="no space left"):
        write_report(make_sweep(seeds=[0]), tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize("columns", ["all columns", "no metric columns"])
def test_report_without_a_complete_trial_says_so(write, make_sweep, tmp_path, columns):
    sweep = make_sweep(failing=range(100))
    if columns == "all columns":
        sweep.trials[["ncut", "test_accuracy", "p_value"]] = np.nan
    report = write_report(sweep, tmp_path)
    page = Page(report.html.read_text(encoding="utf-8"))
    assert "No trial of this sweep is complete" in "".join(page.text)
    assert len(page.rows["failed-table"]) == 37
    assert report.figures == ()
    assert "No trial of this sweep is complete" in frontier_text(report)
    assert len(pd.read_csv(report.trials_csv)) == 36


def test_report_of_a_sweep_without_trials(make_sweep, tmp_path):
    columns = ["trial_id", "condition_id", "seed", "state", "error", "run_id"]
    report = write_report(make_sweep(trials=pd.DataFrame(columns=columns)), tmp_path)
    assert "0 trials" in frontier_text(report)


def test_report_of_one_condition_and_one_seed(write):
    report, page = write(axes={}, seeds=[0])
    assert page.rows["frontier-table"][1][0] == "1"
    assert "the one condition" in frontier_text(report)


def test_terminal_table_fits_in_100_columns(write):
    axes = {
        "penalties.clusterability.weight": [0.0, *np.geomspace(0.01, 1, 16)],
        "penalties.l1.weight": [0.0, 3.16e-5], "penalties.l2.weight": [0.0, 3.16e-5],
        "model.dropout": [0.25, 0.5],
    }  # fmt: skip
    report, _ = write(axes=axes)
    text = frontier_text(report)
    assert max(map(len, text.splitlines())) <= 100
    assert f"On the frontier: {len(report.frontier.table)} of 136 conditions" in text


def test_terminal_table_takes_names_as_they_are(write):
    report, _ = write(axes={"dataset.name": ["[bold]a[/]", "[red]b"]}, seeds=[0])
    assert {"[bold]a[/]", "[red]b"} & set(frontier_text(report).split())


def test_terminal_table_shows_the_frontier(write):
    report, _ = write(axes={"model.dropout": [0.0, 0.5]}, failing=[0])
    text = frontier_text(report)
    for _, row in report.frontier.table.iterrows():
        assert f"{row['test_accuracy_mean']:.3f} ± {row['test_accuracy_sd']:.3f}" in text
        assert row["label"] in text
    assert "1 failed or stopped trials are left out" in text


def test_importing_the_analysis_is_light():
    heavy = "{'torch', 'ray', 'matplotlib'}"
    program = f"import sys, clusterability_analysis; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


EXTRA_FIGURE = """
from matplotlib.figure import Figure

from clusterability_analysis.figures.report_figure import ReportFigure


def draw(info):
    figure = Figure()
    figure.subplots().hist(info)
    return figure


EXTRA = ReportFigure(
    name="extra",
    title="How n-cuts are distributed",
    info=lambda analysis: analysis.conditions.table["ncut_mean"].to_numpy(),
    draw=draw,
    caption=lambda info: f"{len(info)} conditions & <b>no</b> markup",
    alternative=lambda info: f'{len(info)} n-cuts, "quoted" & <b>bare</b>',
)
"""


def test_a_figure_is_one_file_and_one_line_of_the_table(make_sweep, tmp_path, monkeypatch):
    (tmp_path / "extra_figure_of_the_test.py").write_text(EXTRA_FIGURE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(COMPONENTS["figure"], "extra", "extra_figure_of_the_test:EXTRA")
    report = write_report(make_sweep(), tmp_path / "report")
    assert {"extra.png", "extra.svg"} <= {path.name for path in report.figures}
    page = Page(report.html.read_text(encoding="utf-8"))
    assert "extra" in page.ids
    assert {"How n-cuts are distributed", "12 conditions & <b>no</b> markup"} <= set(page.text)
    assert page.tags.count("svg") == 4
    assert ("aria-label", '12 n-cuts, "quoted" & <b>bare</b>') in page.attributes
