"""A file is whole or not there."""

import pytest

from clusterability.files import written_whole


def test_a_file_takes_its_place_when_the_block_ends(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with written_whole(path) as draft:
        assert draft.suffix == ".html"
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "space.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), written_whole(path) as draft:
        draft.write_text("\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
