"""kill -9 of the driver: alone, and at random moments of a sweep of 24 trials with the same command after it.

The number of random rounds is KILL_ROUNDS (default 2); each draws its moment from its own number.
"""

import os
import random
import signal
import time

import pytest

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
COMMAND = [
    "sweep",
    "smoke",
    "training.epochs=1",
    "model.widths=[12, 12]",
    "nulls.num_shuffles=2",
    "axes.penalties.clusterability.weight=[0, 0.1, 0.3]",
    "seeds=[0, 1, 2, 3, 4, 5, 6, 7]",
]


def test_no_run_stays_running_when_nobody_comes_back(workplace):
    driver = workplace.start(*COMMAND)
    workplace.wait_for(lambda: workplace.num_records() >= 2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert "RUNNING" in workplace.mlflow_states()
    workplace.wait_for(lambda: "RUNNING" not in workplace.mlflow_states())
    workplace.assert_whole(workplace.num_records(), "KILLED")


@pytest.mark.slow
def test_no_run_stays_running_after_impatient_ctrl_c(workplace):
    driver = workplace.start(*COMMAND)
    workplace.wait_for(lambda: workplace.num_records() >= 2)
    while driver.poll() is None:
        driver.send_signal(signal.SIGINT)
        time.sleep(0.05)
    workplace.wait_for(lambda: "RUNNING" not in workplace.mlflow_states())
    workplace.assert_whole(workplace.num_records(), "KILLED")


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_every_trial_is_there_once_after_a_kill_at_a_random_moment(workplace, round_number):
    moment = random.Random(round_number)
    driver = workplace.start(*COMMAND)
    # Most kills fall among the trials, some before the first one or while tracking catches up.
    first = moment.randrange(0, 25)
    workplace.wait_for(lambda: workplace.num_records() >= first or driver.poll() is not None)
    time.sleep(moment.uniform(0, 1.5))
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = {
        path: path.stat().st_mtime_ns for path in workplace.folder.glob("runs/*/trials/[!.]*/record.json")
    }
    result = workplace.run(*COMMAND)
    assert result.returncode == 0, result.stderr
    assert "24 trials complete, 0 failed" in result.stdout
    workplace.assert_whole(24)
    workplace.assert_in_csv()
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())
