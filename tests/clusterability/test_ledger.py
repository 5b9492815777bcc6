import json

import numpy as np
from safetensors.numpy import load_file

from clusterability.config import ModelConfig, TrialConfig
from clusterability.ledger import Ledger
from clusterability.record import NullTest, TrialRecord


def a_record(seed: int = 0, **changes) -> TrialRecord:
    null = NullTest(null="layer", observed=1.5, null_values=np.array([1.0, 2.0]), p_value=2 / 3, z_score=0.0)
    values = {
        "config": TrialConfig(model=ModelConfig(widths=(8,)), seed=seed),
        "state": "complete",
        "metrics": {"ncut": 1.5},
        "history": {"train_loss": [2.0, 1.0]},
        "null_tests": {"weights": null},
        "weights": {"0.weight": np.arange(6, dtype=np.float32).reshape(2, 3)},
        "provenance": {"git_commit": "abc"},
    }
    return TrialRecord(**{**values, **changes})


def test_a_record_comes_back_as_it_was_written(tmp_path):
    ledger, record = Ledger(folder=tmp_path), a_record()
    folder = ledger.write(record)
    back = ledger.read(record.config.trial_id)
    assert back.to_dict() == record.to_dict()
    assert back.config == record.config
    np.testing.assert_array_equal(back.null_tests["weights"].null_values, [1.0, 2.0])
    np.testing.assert_array_equal(
        load_file(folder / "weights.safetensors")["0.weight"], record.weights["0.weight"]
    )
    assert (folder / "null_values.csv").read_text().splitlines() == ["weights (layer)", "1.0", "2.0"]
    assert json.loads((folder / "config.json").read_text())["model"]["widths"] == [8]


def test_a_later_record_replaces_the_earlier_one(tmp_path):
    ledger = Ledger(folder=tmp_path)
    ledger.write(a_record(state="failed", error="first"))
    ledger.write(a_record())
    assert [record.state for record in ledger.records()] == ["complete"]


def test_drafts_of_killed_writers_are_not_records(tmp_path):
    ledger = Ledger(folder=tmp_path)
    final = ledger.write(a_record())
    final.rename(final.with_name(f".{final.name}.999"))  # what a writer killed before its last step leaves
    assert list(ledger.records()) == []
    assert ledger.read(a_record().config.trial_id) is None


def test_what_was_not_trained_has_no_weights(tmp_path):
    folder = Ledger(folder=tmp_path).write(a_record(weights={}, null_tests={}, state="failed", error="why"))
    assert not (folder / "weights.safetensors").exists()
