"""Trials that go wrong on their own, and workers that are killed under them."""

import signal
import time

import psutil
import pytest
import torch

from clusterability.trial import run_trial


def reasons(workplace) -> list[str]:
    return [record.error for record in workplace.records() if record.state == "failed"]


def test_trials_that_diverge_take_too_long_or_too_much_memory_fail_alone_with_their_reason(workplace, smoke):
    # Four conditions: as it is; a learning rate that gives NaN; training for hours; a network of gigabytes.
    diverging, endless, huge = (
        "{training.learning_rate: 1e30}", "{training.epochs: 900000}", "{model.widths: [9000, 9000]}"
    )  # fmt: skip
    result = workplace.run(
        *smoke,
        "axes={training.learning_rate: [1e-3, 1e30], training.epochs: [2, 900000], model.widths: [[24, 24], "
        "[9000, 9000]]}",
        f"start_points=[{diverging}, {endless}, {huge}]",
        "search.num_trials=4",
        "resources.max_minutes_per_trial=0.4",
        "resources.memory_gb_per_trial=0.9",
        "resources.max_concurrent=2",
    )
    assert result.returncode == 1, result.stderr
    assert "1 trials complete, 3 failed" in result.stdout
    assert result.stderr == ""
    told = " | ".join(sorted(reasons(workplace)))
    assert "longer than its limit of 0.4 minutes" in told
    assert "out of memory: " in told
    assert "its limit is 0.9 GB" in told
    assert "the loss is not finite at epoch 1" in told
    workplace.assert_whole(4)
    workplace.assert_in_csv()
    tags = [run.data.tags.get("error") for run in workplace.mlflow_runs("trial")]
    assert sorted(filter(None, tags)) == sorted(reasons(workplace))


def test_a_killed_worker_costs_no_trial(workplace, smoke, workers):
    driver = workplace.start(*smoke, "training.epochs=300", "resources.max_concurrent=1")
    workplace.wait_for(lambda: workers(driver))
    time.sleep(1)
    for worker in workers(driver):
        worker.send_signal(signal.SIGKILL)
    assert driver.wait(120) == 0, workplace.output()
    workplace.assert_whole(2)
    assert [record.state for record in workplace.records()] == ["complete"] * 2


def test_an_eigensolver_that_fails_fails_its_trial_with_what_to_try(workplace, smoke):
    # One step of this size leaves weights that are not finite; the penalty then asks for their eigenvectors.
    result = workplace.run(
        *smoke, "axes={training.learning_rate: [1e-3, 1e38]}", "penalties.clusterability.weight=0.1",
        "training.rescale_units=false", "search.num_trials=2",
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    assert "1 trials complete, 1 failed" in result.stdout
    (reason,) = reasons(workplace)
    assert "try a training.learning_rate below 1e+38" in reason
    assert "\n" not in reason
    workplace.assert_whole(2)


@pytest.mark.slow
def test_a_killed_trial_goes_on_from_its_last_checkpoint_with_the_same_numbers(workplace, smoke):
    # One trial of about a minute and a half; checkpoints come every half a minute.
    command = [*smoke, "axes={}", "search.num_trials=1", "training.epochs=6000"]
    driver = workplace.start(*command)
    workplace.wait_for(lambda: any(workplace.folder.glob("runs/*/unfinished/*/training.pt")))
    (kept,) = workplace.folder.glob("runs/*/unfinished/*/training.pt")
    epochs_kept = len(torch.load(kept, weights_only=True)["history"])
    assert 0 < epochs_kept < 6000
    workplace.end()
    again = workplace.run(*command)
    assert again.returncode == 0, again.stderr
    workplace.assert_whole(1)
    (record,) = workplace.records()
    assert not kept.exists()
    uninterrupted = run_trial(record.config)
    assert record.history == uninterrupted.history
    assert record.metrics["ncut"] == uninterrupted.metrics["ncut"]
    assert driver.poll() is not None


@pytest.mark.slow
def test_a_trial_whose_worker_is_killed_again_and_again_fails_with_the_reason(workplace, smoke, workers):
    driver = workplace.start(*smoke, "training.epochs=300", "resources.max_concurrent=1")
    while workplace.num_records() < 2 and driver.poll() is None:
        for worker in workers(driver):
            try:
                worker.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.2)
    assert driver.wait(60) == 1, workplace.output()
    assert "(raylet)" not in workplace.output()
    workplace.assert_whole(2)
    for reason in reasons(workplace):
        assert "worker" in reason or "actor" in reason
        assert "\n" not in reason
    again = workplace.run(*smoke, "training.epochs=300", "resources.max_concurrent=1", "--retry-failed")
    assert again.returncode == 0, again.stderr
    assert "2 trials complete, 0 failed" in again.stdout
    workplace.assert_whole(2)


@pytest.mark.slow
def test_sigterm_ends_a_sweep_like_ctrl_c_and_the_same_command_continues(workplace, smoke):
    command = [*smoke, "seeds=[0, 1]", "training.epochs=200", "resources.max_concurrent=1"]
    driver = workplace.start(*command)
    workplace.wait_for(lambda: workplace.num_records() >= 1)
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(60) == 130
    assert "The same command continues" in workplace.output()
    kept = workplace.num_records()
    workplace.assert_whole(kept, state="KILLED")
    again = workplace.run(*command)
    assert again.returncode == 0, again.stderr
    workplace.assert_whole(4)
    workplace.assert_in_csv()
