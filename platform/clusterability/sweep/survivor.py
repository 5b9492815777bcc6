"""The end of a sweep whose driver did not come to its own: nobody else would tell the tracking store."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clusterability.errors import ClusterabilityError

# `cat` ends when the pipe does, and that is when the driver is gone. The trials of a killed driver need a
# moment to end; the same command given again in that moment does all of this itself.
_WAIT_AND_SYNC = 'cat > /dev/null; sleep 5; exec "$@"'


@contextmanager
def synced_if_killed(sweep_id: str) -> Iterator[None]:
    """Let `clusterability sync` bring the store up to date if this process is killed in the block.

    The same after a second Ctrl-C and after an error of our own. Errors that are reported to the user have
    been dealt with.

    A shell in a session of its own, so that no signal meant for the driver reaches it, waits for the end of a
    pipe that this process alone holds open. It costs a megabyte while it waits. It is lost with the machine,
    and cannot help while the store does not answer: the next command on the sweep does then.
    """
    sync = [sys.executable, "-m", "clusterability", "sync", sweep_id]
    survivor = subprocess.Popen(
        ["/bin/sh", "-c", _WAIT_AND_SYNC, "survivor", *sync],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    except ClusterabilityError:
        _dismiss(survivor)
        raise
    _dismiss(survivor)


def _dismiss(survivor: subprocess.Popen[bytes]) -> None:
    survivor.kill()
    survivor.communicate()
