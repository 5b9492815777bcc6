import io
from pathlib import Path

import pytest
from rich.console import Console

from clusterability.components import find
from clusterability.config import Objective
from clusterability.measurement.own_metric import objective_metrics
from clusterability.spaces import load_space
from clusterability.sweep.progress import Tally, make_display

SPACE = load_space("smoke", folder=Path(__file__).parents[3] / "search_spaces")
OBJECTIVES = (
    Objective(metric="validation_accuracy", direction="max"),
    Objective(metric="ncut_contribution", direction="min"),
)
METRICS = {
    "validation_accuracy": 0.91, "ncut": 3.5, "ncut_contribution": 2.25, "null_mean": 3.6,
    "null_mean_contribution": 2.75, "seconds_training": 80.0, "seconds_measuring": 40.0,
}  # fmt: skip


def label(name):
    return find("metric", name).label


def written(name):
    return f"{label(name)} {METRICS[name]:.{find('metric', name).decimals}f}"


@pytest.fixture
def tally():
    return Tally(total=4, objectives=objective_metrics(OBJECTIVES, ()))


def test_the_best_of_each_objective_so_far_is_shown(tally):
    tally.take(METRICS, "complete")
    tally.take({**METRICS, "validation_accuracy": 0.8, "ncut_contribution": 3.0, "ncut": 0.1}, "complete")
    tally.take({}, "failed")
    assert tally.best == {"validation_accuracy": 0.91, "ncut_contribution": 2.25}
    assert f"best {written('validation_accuracy')} · best {written('ncut_contribution')}" in tally.summary()


def test_an_objective_that_could_not_be_measured_has_no_best_value(tally):
    tally.take({"validation_accuracy": 0.5}, "complete")
    assert tally.best == {"validation_accuracy": 0.5}
    assert label("ncut_contribution") not in tally.summary()


def test_a_line_holds_the_trials_objectives_and_their_null(tally):
    tally.take(METRICS, "complete")
    text = io.StringIO()
    with make_display(Console(file=text), SPACE, 4) as display:
        display.finished(tally, SPACE.base, METRICS, None)
    values = f"{written('validation_accuracy')}, {written('ncut_contribution')} (null 2.75)"
    assert text.getvalue().startswith(f"[1/4] control, seed 0: {values}, 2 min 0 s | 0 running")


def test_an_own_objective_is_shown_under_its_name(tmp_path, monkeypatch):
    (tmp_path / "lab_of_progress.py").write_text("def weight_spread(network):\n    return 0.5\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = Objective(metric="weight_spread", direction="min")
    objectives = objective_metrics((own,), ("lab_of_progress:weight_spread",))
    tally = Tally(total=4, objectives=objectives)
    for value in (0.5, 0.25, 0.75):
        tally.take({"weight_spread": value}, "complete")
    assert "best weight spread 0.250" in tally.summary()
