"""Time us beside what others do, and write benchmarks/RESULTS.md."""

import argparse
import os
import platform
import subprocess
from datetime import date
from pathlib import Path

import claims
import clusterings
import clusters
import null_size
import published_networks
import recovery
import sweep
import training

RESULTS = Path(__file__).with_name("RESULTS.md")
SECTIONS = {
    "clusterings": clusterings.section,
    "training": training.section,
    "sweep": sweep.section,
    "recovery": recovery.section,
    "null_size": null_size.section,
    "claims": claims.section,
    "clusters": clusters.section,
    "published": published_networks.section,
}
LONG = ("null_size", "claims", "clusters", "published")
"""An hour, two hours, an hour and a half; wheels to be downloaded first."""
TITLE = "# Timings\n\nMade by `make bench`; a section made alone replaces its own lines only.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "sections",
        nargs="*",
        choices=SECTIONS,
        default=[name for name in SECTIONS if name not in LONG],
        help=f"all of them but {', '.join(LONG)} unless named",
    )
    for name in parser.parse_args().sections:
        heading, _, text = SECTIONS[name]().strip().partition("\n")
        _replace(heading, f"{heading}\n\n{_circumstances()}\n{text}\n")
        print(f"{heading}{text}", flush=True)


def _replace(heading: str, section: str) -> None:
    """Write a section in place of the one with its heading, or after the others."""
    written = RESULTS.read_text() if RESULTS.exists() else TITLE
    first, *others = written.split("\n## ")
    sections = {other.partition("\n")[0]: other for other in others}
    sections[heading.removeprefix("## ")] = section.removeprefix("## ")
    RESULTS.write_text(
        "\n## ".join([first.rstrip("\n") + "\n", *(text.rstrip() + "\n" for text in sections.values())])
    )


def _circumstances() -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=RESULTS.parent, capture_output=True, text=True
    ).stdout.strip()
    return (
        f"{date.today()}, commit {commit}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores."
    )


if __name__ == "__main__":
    main()
