"""Every file of search_spaces/ loads, says what it answers and how long, and holds valid trials only."""

from pathlib import Path

import pytest

from clusterability.spaces import known_spaces, load_space

FOLDER = Path(__file__).parents[3] / "search_spaces"


@pytest.mark.parametrize("name", known_spaces(FOLDER))
def test_a_shipped_space_loads(name: str) -> None:
    space = load_space(name, folder=FOLDER)
    assert space.description
    conditions = space.grid() if space.num_conditions is not None else space.first_conditions
    configs = [space.trial(condition, seed) for condition in conditions for seed in space.seeds]
    assert len({config.trial_id for config in configs}) == len(configs)
    assert conditions[0] == space.first_condition
    assert space.control in (None, conditions[0])


@pytest.mark.parametrize("name", known_spaces(FOLDER))
def test_a_shipped_space_says_what_it_answers_and_how_long(name: str) -> None:
    lines = (FOLDER / f"{name}.yaml").read_text().splitlines()
    assert lines[0].startswith("# What it answers: ")
    assert any(line.startswith("# How long: ") for line in lines)


def test_the_papers_conditions_are_all_there() -> None:
    """Not a product: each regulariser alone, on each data set."""
    space = load_space("paper_mlp", folder=FOLDER)
    labels = {space.label(space.trial(condition, 0)) for condition in space.grid()}
    one_by_one = {
        "control", "dropout=0.5", "initialisation=clusterable", "l1.weight=5e-05", "l2.weight=5e-05",
        "variant=halves", "variant=halves_same",
    }  # fmt: skip
    fashion = {f"name=fashion_mnist {label}" for label in one_by_one - {"control"}} | {"name=fashion_mnist"}
    assert labels == one_by_one | fashion
