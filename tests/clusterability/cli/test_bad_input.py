"""Whatever is written in a space or an override: accepted, or refused in one line that creates nothing."""

import contextlib
import io
import math
import os
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterability.cli import main
from clusterability.errors import ConfigError
from clusterability.spaces import SearchSpace, load_space
from clusterability.spaces.schema import SpaceFile

SMOKE = (Path(__file__).parents[3] / "search_spaces" / "smoke.yaml").read_text()
SECTIONS = get_type_hints(SpaceFile)
FIELDS = sorted(
    f"{section}.{item.name}"
    for section, kind in SECTIONS.items()
    if is_dataclass(kind)
    for item in fields(kind)
)
WHOLE = ["axes", "start_points", "seeds", "objectives", *sorted(set(SECTIONS) - {"description"}), "base"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=12)
    | st.sampled_from(
        ["yes", "010", "1e400", "-0", "~", "${a}", "${oc.env:HOME}", "???", "\x00", "é", "null"]
    )
)
names = st.sampled_from(
    ["low", "high", "log", "step", "when", "values", "metric", "direction", "name", *FIELDS]
) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Return an empty folder with one space, as the current one."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "search_spaces").mkdir()
    (folder / "search_spaces" / "smoke.yaml").write_text(SMOKE)
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def check(workplace: Path, name: str, overrides: list[str]) -> SearchSpace | None:
    """Return the space where it is accepted; else the command must end in one line and leave nothing."""
    try:
        space = load_space(name, overrides)
    except ConfigError:
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            code = main(["sweep", name, *overrides])
        assert code == 2
        assert error.getvalue().startswith("error: ")
        assert error.getvalue().count("\n") == 1
        assert [path.name for path in workplace.iterdir()] == ["search_spaces"]
        return None
    assert math.isfinite(space.num_trials)
    space.trial(space.first_condition, space.seeds[0])
    return space


def written(value: object) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n").removesuffix("\n...")
    )


quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(quick, max_examples=80)
@given(field=st.sampled_from([*FIELDS, *WHOLE]), value=values)
def test_any_value_of_any_field(workplace, field, value):
    check(workplace, "smoke", [f"{field}={written(value)}"])


@settings(quick, max_examples=50)
@given(field=st.sampled_from(FIELDS), value=values)
def test_any_axis_over_any_field(workplace, field, value):
    check(workplace, "smoke", [f"axes.{field}={written(value)}"])


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["", "axes."])
@pytest.mark.parametrize("field", FIELDS)
@settings(quick, max_examples=40)
@given(value=values)
def test_every_field_with_many_values(workplace, prefix, field, value):
    check(workplace, "smoke", [f"{prefix}{field}={written(value)}"])


@settings(quick, max_examples=40)
@given(text=st.text(max_size=30))
def test_any_override(workplace, text):
    if not text.startswith("-"):  # those are options
        check(workplace, "smoke", [text])


@settings(quick, max_examples=40)
@given(
    content=st.dictionaries(st.sampled_from([*SECTIONS, "base"]) | st.text(max_size=5), values, max_size=4)
)
def test_any_file(workplace, content):
    path = workplace / "search_spaces" / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    check(workplace, "mine", [])


@settings(quick, max_examples=40)
@given(content=st.binary(max_size=60))
def test_any_bytes_as_a_file(workplace, content):
    (workplace / "search_spaces" / "mine.yaml").write_bytes(content)
    check(workplace, "mine", [])
