from clusterability.cli import main


def test_a_dry_run_lists_trials_resources_and_time_and_creates_nothing(workplace, capsys):
    assert main(["sweep", "smoke", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "control" in out
    assert "clusterability.weight=0.3  0 1" in out
    assert "4 trials, 0 of them finished" in out
    assert "1 CPU, 0 GPU each" in out
    assert "time: about " in out
    assert [path.name for path in workplace.iterdir()] == ["search_spaces"]


def test_a_dry_run_of_a_search_that_learns_lists_what_is_known_in_advance(workplace, capsys):
    arguments = [
        "search.method=tpe",
        "search.num_trials=20",
        "axes.penalties.l1.weight={low: 0.0, high: 1.0}",
    ]
    assert main(["sweep", "smoke", *arguments, "--dry-run"]) == 0
    assert "and 18 trials of conditions that tpe will choose from results" in capsys.readouterr().out


def test_doctor_says_what_is_there_and_creates_nothing(workplace, capsys):
    assert main(["doctor"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for word in ("Python 3", "torch 2", "CPU cores", "GB free", "first sweep makes it", "training, "):
        assert word in out
    assert [path.name for path in workplace.iterdir()] == ["search_spaces"]


def test_doctor_names_what_is_missing(workplace, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main(["doctor", "--data", "digitz"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "not reachable" in out
    assert "'digitz'" in out
