"""Training that was interrupted ends as it would have without the interruption, bit for bit."""

import pytest
import torch

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.models import build_module
from clusterability.training import checkpoint
from clusterability.training.loop import prune, train

DIGITS = load_dataset(DatasetConfig(name="digits", num_train=500), 0)
PLAIN = TrialConfig(training=TrainingConfig(epochs=5, device="cpu"))
CONDITIONS = {
    "plain": {},
    "L1 and rescaling": {"penalties.l1.weight": 1e-4, "training.rescale_units": True},
    "penalty on weights": {"penalties.clusterability": {"weight": 0.1}},
    "penalty at every third step": {"penalties.clusterability": {"weight": 0.1, "every": 3}},
    "penalty on contributions": {"penalties.clusterability": {"weight": 0.1, "edges": "contribution"}},
    "locality with swaps": {"penalties.locality": {"weight": 1e-3, "swap_every": 7}},
    "intra-cluster share": {"penalties.intra_cluster": {"weight": 0.1}},
    "cut": {"model.cut": 3},
}


class KilledError(Exception):
    pass


def killed_at(epoch):
    def on_epoch(number, metrics):
        if number == epoch:
            raise KilledError

    return on_epoch


def network(model=None):
    model = model or ModelConfig(widths=[24, 16], dropout=0.3)
    return build_module(model, input_shape=DIGITS.input_shape, num_classes=10, seed=0)


def same(one, other):
    assert one.history == other.history
    for name, tensor in one.module.state_dict().items():
        assert torch.equal(tensor, other.module.state_dict()[name]), name


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)


@pytest.mark.parametrize("name", CONDITIONS)
def test_after_an_interruption_the_result_is_the_same(tmp_path, name):
    config = PLAIN.with_values(CONDITIONS[name])
    whole = train(network(), DIGITS, config)
    for epoch in (3, 5):
        with pytest.raises(KilledError):
            train(network(), DIGITS, config, on_epoch=killed_at(epoch), checkpoints=tmp_path)
    told = []
    resumed = train(
        network(), DIGITS, config, on_epoch=lambda epoch, _: told.append(epoch), checkpoints=tmp_path
    )
    assert told == [5]  # epochs 1 to 4 are not run again
    same(resumed, whole)


def test_training_until_a_loss_ends_where_it_would_have(tmp_path):
    free = train(network(), DIGITS, PLAIN.with_values({"training.epochs": 8}))
    until = free.history[4]["train_loss"]
    config = PLAIN.with_values({"training.epochs": 8, "training.until_loss": until})
    whole = train(network(), DIGITS, config)
    assert whole.history == free.history[:5]
    for epoch in (3, 5):
        with pytest.raises(KilledError):
            train(network(), DIGITS, config, on_epoch=killed_at(epoch), checkpoints=tmp_path)
    same(train(network(), DIGITS, config, checkpoints=tmp_path), whole)
    # The last epoch's checkpoint is there now: nothing is left to run.
    same(train(network(), DIGITS, config, on_epoch=killed_at(6), checkpoints=tmp_path), whole)


def test_batch_norms_statistics_go_on(tmp_path):
    model = ModelConfig(architecture="resnet", width_factor=0.1, depth=1)
    config = PLAIN.with_values({"training.epochs": 3})
    whole = train(network(model), DIGITS, config)
    with pytest.raises(KilledError):
        train(network(model), DIGITS, config, on_epoch=killed_at(3), checkpoints=tmp_path)
    same(train(network(model), DIGITS, config, checkpoints=tmp_path), whole)


def test_pruning_goes_on(tmp_path):
    config = PLAIN.with_values({"training.epochs": 2, "training.pruning_epochs": 4})
    trained = train(network(), DIGITS, config, checkpoints=tmp_path)
    whole = prune(trained, DIGITS, config)
    with pytest.raises(KilledError):
        prune(trained, DIGITS, config, on_epoch=killed_at(3), checkpoints=tmp_path)
    # Another process has the trained network from its checkpoint too.
    again = train(network(), DIGITS, config, on_epoch=killed_at(1), checkpoints=tmp_path)
    same(again, trained)
    same(prune(again, DIGITS, config, checkpoints=tmp_path), whole)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"cos\nsystem\n(S'touch owned'\ntR."])
def test_a_damaged_checkpoint_is_as_good_as_none_and_nothing_in_it_runs(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "training.pt").write_bytes(content)
    resumed = train(network(), DIGITS, PLAIN, checkpoints=tmp_path)
    same(resumed, train(network(), DIGITS, PLAIN))
    assert not (tmp_path / "owned").exists()


def test_a_folder_that_cannot_be_written_costs_the_checkpoint_only(tmp_path):
    (tmp_path / "file").write_text("in the way")
    resumed = train(network(), DIGITS, PLAIN, checkpoints=tmp_path / "file")
    same(resumed, train(network(), DIGITS, PLAIN))
