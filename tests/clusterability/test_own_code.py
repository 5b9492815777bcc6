"""The user's own files: which are hashed, what is kept with a sweep, and which version is imported."""

import sys
from pathlib import Path

import pytest

from clusterability import own_code
from clusterability.errors import ConfigError
from clusterability.own_code import (
    blamed,
    hashes,
    import_own,
    is_own,
    keep,
    source_files,
    use_as_hashed,
)

FILES = {
    "our_lab/__init__.py": "",
    "our_lab/nets.py": "from our_lab import layers\nfrom . import sizes\nvalue = 1\n",
    "our_lab/layers.py": "from our_tools.deep import scale\n",
    "our_lab/sizes.py": "width = 8\n",
    "our_lab/notes.txt": "not code",
    "our_tools/__init__.py": "",
    "our_tools/deep.py": "def scale():\n    from our_single import number\n    return number\n",
    "our_single.py": "import os, numpy\nnumber = 3\n",
    "our_unused/__init__.py": "",
    "spaces_of_ours/one.py": "value = 4\n",
}
NAME = "our_lab.nets:value"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Return a folder with files of one's own, as the current one; what they change is undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own_code, "_kept", [])
    monkeypatch.setattr(own_code, "_searched", [])
    here = tmp_path / "here"
    write(here, FILES)
    monkeypatch.chdir(here)
    yield here
    for name in [name for name in sys.modules if name.split(".")[0].startswith(("our_", "spaces_of_ours"))]:
        del sys.modules[name]


def hashed(*names: str) -> dict[str, str]:
    return hashes(source_files(names or [NAME]))


def test_the_files_are_those_of_the_package_and_of_what_it_imports_from_the_folder():
    assert list(source_files([NAME])) == [
        "our_lab/__init__.py",
        "our_lab/layers.py",
        "our_lab/nets.py",
        "our_lab/sizes.py",
        "our_single.py",
        "our_tools/__init__.py",
        "our_tools/deep.py",
    ]


@pytest.mark.parametrize(
    "file", ["our_lab/nets.py", "our_lab/sizes.py", "our_tools/deep.py", "our_single.py"]
)
def test_a_changed_line_changes_the_hash_of_its_file_alone(folder, file):
    before = hashed()
    with (folder / file).open("a") as opened:
        opened.write("added = 1\n")
    after = hashed()
    assert {name for name in before if after[name] != before[name]} == {file}
    assert after.keys() == before.keys()


@pytest.mark.parametrize("file", ["our_unused/__init__.py", "our_lab/notes.txt", "spaces_of_ours/one.py"])
def test_a_file_that_nothing_imports_does_not_count(folder, file):
    before = hashed()
    (folder / file).write_text("changed = True\n")
    assert hashed() == before


def test_what_editors_and_notebooks_leave_does_not_count(folder):
    before = hashed()
    write(folder, {"our_lab/.ipynb_checkpoints/nets-checkpoint.py": "", "our_lab/.draft.py": ""})
    (folder / "our_lab" / ".#nets.py").symlink_to("someone@somewhere.1234")
    assert hashed() == before


def test_a_new_file_of_the_package_counts(folder):
    before = hashed()
    (folder / "our_lab" / "later.py").write_text("")
    assert hashed().keys() - before.keys() == {"our_lab/later.py"}


def test_a_single_file_and_a_namespace_package_are_found():
    assert list(source_files(["our_single:number"])) == ["our_single.py"]
    assert import_own("our_single:number") == 3
    assert list(source_files(["spaces_of_ours.one:value"])) == ["spaces_of_ours/one.py"]
    assert import_own("spaces_of_ours.one:value") == 4


def test_known_names_and_modules_that_are_not_there_have_no_files():
    assert source_files(["mlp", "nowhere.at_all:value", "math:gcd"]) == {}
    assert not is_own("mlp")
    assert is_own("math:gcd")


def test_an_installed_package_is_hashed_but_not_what_it_imports(folder, tmp_path):
    write(
        tmp_path / "site",
        {"our_installed/__init__.py": "import our_neighbour\nvalue = 5", "our_neighbour.py": ""},
    )
    sys.path.append(str(tmp_path / "site"))
    assert list(source_files(["our_installed:value"])) == ["our_installed/__init__.py"]
    assert import_own("our_installed:value") == 5


def test_the_current_folder_comes_before_installed_packages(tmp_path):
    write(tmp_path / "site", {"our_single.py": "number = -3\n"})
    sys.path.insert(0, str(tmp_path / "site"))
    assert import_own("our_single:number") == 3


@pytest.mark.parametrize(
    "file", ["our_lab/nets.py", "our_lab/sizes.py", "our_tools/deep.py", "our_single.py"]
)
def test_a_file_edited_while_python_runs_is_imported_again(folder, file):
    (folder / "our_lab/nets.py").write_text(
        "from our_lab import layers, sizes\nimport our_single\nvalue = [sizes.width, our_single.number]\n"
    )
    first = import_own(NAME)
    assert import_own(NAME) is first
    other = (folder / file).read_text().replace("8", "16").replace("= 3", "= 5") + "\n# edited\n"
    (folder / file).write_text(other)
    second = import_own(NAME)
    assert second is not first
    assert second == [16 if "sizes" in file else 8, 5 if "single" in file else 3]


def test_another_folder_has_modules_of_its_own(folder, tmp_path, monkeypatch):
    assert import_own(NAME) == 1
    other = tmp_path / "other"
    write(other, {**FILES, "our_lab/nets.py": "value = 'other'\n"})
    monkeypatch.chdir(other)
    assert import_own(NAME) == "other"
    assert source_files([NAME])["our_lab/nets.py"] == other / "our_lab/nets.py"
    monkeypatch.chdir(folder)
    assert import_own(NAME) == 1


def test_files_are_kept_by_where_they_come_from_and_never_overwritten(folder, tmp_path):
    write(tmp_path / "site", {"our_installed.py": "value = 5\n"})
    sys.path.append(str(tmp_path / "site"))
    kept = tmp_path / "sources"
    keep(source_files([NAME, "our_installed:value"]), kept)
    found = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    own = {f"own/{name}" for name in source_files([NAME])}
    assert found == {*own, "installed/our_installed.py"}
    (folder / "our_lab/sizes.py").write_text("width = 32\n")
    keep(source_files([NAME]), kept)
    assert (kept / "own/our_lab/sizes.py").read_text() == FILES["our_lab/sizes.py"]


@pytest.fixture
def swept(folder, tmp_path):
    """Return hashes and copies as a sweep keeps them."""
    (folder / "our_lab/nets.py").write_text(
        "from our_lab import sizes\nimport our_single\nvalue = sizes.width\n"
    )
    keep(source_files([NAME]), tmp_path / "sources")
    return hashed(), tmp_path / "sources"


def test_unchanged_files_are_imported_from_the_folder(folder, swept):
    use_as_hashed(*swept)
    assert import_own(NAME) == 8
    assert sys.modules["our_lab.nets"].__file__ == str(folder / "our_lab/nets.py")


@pytest.mark.parametrize("change", ["edited", "removed", "another package edited"])
@pytest.mark.parametrize("imported_before", [True, False])
def test_files_that_are_not_as_hashed_are_imported_from_the_copies(folder, swept, change, imported_before):
    expected, kept = swept
    if imported_before:
        assert import_own(NAME) == 8
    if change == "edited":
        (folder / "our_lab/sizes.py").write_text("width = 64\n")
    elif change == "removed":
        (folder / "our_lab/sizes.py").unlink()
    else:
        (folder / "our_single.py").write_text("number = 4\n")
    use_as_hashed(expected, kept)
    assert import_own(NAME) == 8
    assert sys.modules["our_lab.nets"].__file__ == str(kept / "own/our_lab/nets.py")
    assert hashed() == expected
    keep(source_files([NAME]), kept)
    assert not (kept / "installed").exists()


def test_a_machine_without_the_folder_imports_the_copies(swept, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    expected, kept = swept
    with pytest.raises(ConfigError, match=r"there is no module 'our_lab' in .*elsewhere, nor installed"):
        import_own(NAME)
    use_as_hashed(expected, kept)
    assert import_own(NAME) == 8
    assert hashed() == expected


def test_components_of_other_trials_of_the_sweep_do_not_count_as_changed(folder, swept):
    expected, kept = swept
    use_as_hashed({**expected, **hashed("spaces_of_ours.one:value"), "data/counts.npz": "0" * 12}, kept)
    import_own(NAME)
    assert sys.modules["our_lab.nets"].__file__ == str(folder / "our_lab/nets.py")


def test_an_error_names_the_line_of_the_own_code_that_it_passed_last(folder):
    (folder / "our_lab/nets.py").write_text("import json\ndef load():\n    return json.loads('{')\n")
    load = import_own("our_lab.nets:load")
    with pytest.raises(ConfigError) as caught, blamed("data set", "our_lab.nets:load"):
        load()
    message = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert str(caught.value) == (
        f"data set 'our_lab.nets:load': our_lab/nets.py, line 3: JSONDecodeError: {message}"
    )


def test_what_a_component_of_ours_raises_is_left_alone():
    with pytest.raises(ZeroDivisionError), blamed("data set", "digits"):
        raise ZeroDivisionError
