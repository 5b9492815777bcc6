"""Identifiers stay what they were in the first version: a finished trial stays finished after an upgrade."""

import json
from pathlib import Path

import pytest

from clusterability.config import ModelConfig, TrialConfig
from clusterability.identity import identity
from clusterability.old_names import NEW_NAMES, new_name, old_name, with_new_names
from clusterability.record import TrialRecord
from clusterability.spaces import load_space

SHIPPED = Path(__file__).parents[2] / "search_spaces"
# As the first version gave them, before penalties had settings of their own.
FINGERPRINTS = {
    "arch_scaling": "44075602",
    "mlp_arch": "136ff710",
    "mlp_reg": "ab4dc6d4",
    "mlp_reg_mnist": "93f393e9",
    "paper_cluster_gradient": "a2ff351b",
    "paper_cnn": "79a1641c",
    "paper_mlp": "9766788d",
    "paper_vgg": "7dcf5654",
    "smoke": "3689ce5d",
}
OLD_TRAINING = {
    "epochs": 20, "batch_size": 128, "learning_rate": 1e-3, "l1_weight": 5e-5, "l2_weight": 0.0,
    "clusterability_weight": 0.0, "clusterability_eigenvalues": 3, "clusterability_edges": "weights",
    "clusterability_every": 1, "rescale_units": False, "locality_weight": 0.0, "locality_spacing": 0.1,
    "locality_swap_every": 200, "intra_cluster_weight": 0.0, "intra_cluster_modules": 4, "pruning_epochs": 0,
    "initial_sparsity": 0.5, "final_sparsity": 0.9, "device": "auto",
}  # fmt: skip
OLD_RECORD = {
    "config": {
        "dataset": {
            "name": "digits", "variant": "plain", "mixed_with": None, "separate_classes": False,
            "validation_fraction": 0.1, "num_train": None,
        },
        "model": {
            "architecture": "mlp", "widths": [8, 8], "width_factor": 1.0, "depth": None, "dropout": 0.0,
            "conv_dropout": 0.0, "initialisation": "glorot", "num_modules": 10, "between_modules": 0.6,
        },
        "training": OLD_TRAINING,
        "ncut": {"num_clusters": 12, "estimator": "refined"},
        "nulls": {"null": "layer", "num_shuffles": 50, "test_contribution": True},
        "seed": 3,
    },
    "state": "complete", "metrics": {"ncut": 3.0}, "history": {}, "null_tests": {}, "error": None,
    "notes": [], "provenance": {},
}  # fmt: skip


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_the_shipped_spaces_find_their_sweeps_again(name):
    assert load_space(name, folder=SHIPPED).fingerprint == FINGERPRINTS[name]


def test_a_record_of_the_first_version_is_read_and_keeps_its_identifier():
    record = TrialRecord.from_dict(json.loads(json.dumps(OLD_RECORD)))
    assert record.config.penalties["l1"] == {"weight": 5e-5}
    assert record.config.model.widths == (8, 8)
    assert record.config.trial_id == "9d20bacc6b-s3"
    assert TrialRecord.from_dict(record.to_dict()).config.trial_id == "9d20bacc6b-s3"


def test_a_configuration_of_today_has_the_identifier_of_the_same_one_of_before():
    config = TrialConfig(model=ModelConfig(widths=(8, 8)), penalties={"l1": {"weight": 5e-5}}, seed=3)
    assert config.trial_id == "9d20bacc6b-s3"
    assert TrialConfig().condition_id == "6c8e405e08"


def test_what_came_later_counts_where_it_is_used():
    plain = TrialConfig()
    for name, value in {
        "penalties.l1.weight": 1e-4,
        "penalties.locality.swap_every": 3,
        "metrics": ["my_lab.metrics:sparsity"],
        "sources": {"my_lab/nets.py": "0123456789ab"},
        "dataset.path": "spikes.npz",
    }.items():
        assert plain.with_values({name: value}).condition_id != plain.condition_id, name
    own = plain.with_values({"model.architecture": "my_lab.nets:Tiny"})
    assert own.with_values({"model.options.width": 8}).condition_id != own.condition_id
    assert own.with_values({"model.initialisation": "glorot"}).condition_id != own.condition_id


def test_settings_of_a_penalty_that_is_off_are_the_same_said_or_not():
    settings = {"weight": 0.0, "eigenvalues": 3, "edges": "weights", "every": 1}
    said = TrialConfig(penalties={"clusterability": settings})
    assert identity(said.to_dict()) == identity(TrialConfig().to_dict())
    assert said.condition_id == TrialConfig().condition_id


def test_old_and_new_names_are_one_to_one():
    for old, new in NEW_NAMES.items():
        assert (new_name(old), old_name(new)) == (new, old)
    assert new_name("training.epochs") == old_name("training.epochs") == "training.epochs"
    assert with_new_names({"training": {"l1_weight": 1, "epochs": 2}}) == {
        "training": {"epochs": 2},
        "penalties": {"l1": {"weight": 1}},
    }


def test_a_space_of_the_first_version_is_read_with_a_hint(tmp_path):
    texts = {
        "old": "training: {locality_weight: 0.1}\naxes: {training.l1_weight: [0.0, 0.1]}",
        "new": "penalties: {locality: {weight: 0.1}}\naxes: {penalties.l1.weight: [0.0, 0.1]}",
    }
    for folder, text in texts.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.yaml").write_text(text)
    earlier, today = (load_space("mine", folder=tmp_path / folder) for folder in texts)
    assert (earlier.base, earlier.axes) == (today.base, today.axes)
    assert earlier.fingerprint == today.fingerprint
    assert earlier.hints == (
        "training.locality_weight is now penalties.locality.weight",
        "training.l1_weight is now penalties.l1.weight",
    )
    assert today.hints == ()
