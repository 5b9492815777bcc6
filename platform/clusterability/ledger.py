"""The sweep on disk: one folder per finished trial, written whole or not at all. The ledger is the truth;
the tracking store is a view of it.

    runs/<sweep_id>/trials/<trial_id>/record.json       everything but the weights
                                      config.json       the full configuration
                                      null_values.csv   n-cut of every shuffled network, one column per test
                                      weights.safetensors, unpruned_weights.safetensors
                       unfinished/<trial_id>/             checkpoints of trials that are not in the ledger yet
"""

import csv
import errno
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from uuid import uuid4

from safetensors.numpy import save_file

from clusterability.record import TrialRecord

_RECORD = "record.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The finished trials of one sweep."""

    folder: Path
    """Folder of the sweep."""

    def trial_folder(self, trial_id: str) -> Path:
        """Return where the trial is, or would be, kept."""
        return self.folder / "trials" / trial_id

    def unfinished_folder(self, trial_id: str) -> Path:
        """Return where a trial may keep what it needs to go on after an interruption, until it is written."""
        return self.folder / "unfinished" / trial_id

    def write(self, record: TrialRecord) -> Path:
        """Keep a finished trial and return its folder; an earlier record of the same trial is replaced."""
        final = self.trial_folder(record.config.trial_id)
        draft = final.with_name(f".{final.name}.{uuid4().hex[:8]}")  # process ids repeat between machines
        try:
            draft.mkdir(parents=True)
            (draft / _RECORD).write_text(json.dumps(record.to_dict(), indent=1))
            (draft / "config.json").write_text(json.dumps(record.config.to_dict(), indent=1))
            (draft / "null_values.csv").write_text(_null_values(record))
            for name in ("weights", "unpruned_weights"):
                if getattr(record, name):
                    save_file(getattr(record, name), draft / f"{name}.safetensors")
            _move(draft, final)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)  # on a full disk every byte counts
            raise
        shutil.rmtree(self.unfinished_folder(record.config.trial_id), ignore_errors=True)
        return final

    def forget(self, trial_id: str) -> None:
        """Remove a trial, so that it runs again."""
        shutil.rmtree(self.trial_folder(trial_id))

    def remove_drafts(self) -> None:
        """Remove what killed writers have left; call it while no trial runs."""
        for draft in self.folder.glob("trials/.*"):
            shutil.rmtree(draft, ignore_errors=True)

    def records(self) -> Iterator[TrialRecord]:
        """Yield the kept trials, by name."""
        for path in sorted(self.folder.glob(f"trials/[!.]*/{_RECORD}")):
            yield TrialRecord.from_dict(json.loads(path.read_text()))

    def read(self, trial_id: str) -> TrialRecord | None:
        """Return the record of one trial, or None where it has not finished."""
        path = self.trial_folder(trial_id) / _RECORD
        return TrialRecord.from_dict(json.loads(path.read_text())) if path.exists() else None


def _move(draft: Path, final: Path) -> None:
    """Put a whole draft in place of what may be there; of two writers at once the later one stays."""
    while True:
        shutil.rmtree(final, ignore_errors=True)  # os.replace takes no folder that is not empty
        try:
            os.replace(draft, final)  # noqa: PTH105
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return


def _null_values(record: TrialRecord) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(f"{name} ({test.null})" for name, test in record.null_tests.items())
    writer.writerows(zip_longest(*(test.null_values.tolist() for test in record.null_tests.values())))
    return text.getvalue()
