from copy import deepcopy

import pytest
import torch
from torch import nn


@pytest.fixture
def three_groups():
    """Two independent subnetworks, of classes 0, 1 and 2, 3, and a group of dead units; class 4 is "none".

    Returns the module and, by layer, the group of each unit: 2 for the dead.
    """

    def competing(first, second):
        """Return weights (2 second, 2 first) of two teams, each for itself and against the other."""
        own = torch.block_diag(torch.ones(second, first), torch.ones(second, first))
        return (1.5 * own - 0.5) / first

    team, dead = 6, 4
    alive = 4 * team
    module = nn.Sequential(
        nn.Linear(8, alive + dead), nn.ReLU(), nn.Linear(alive + dead, alive + dead), nn.ReLU(),
        nn.Linear(alive + dead, 5),
    )  # fmt: skip
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module[0].weight[:alive] = torch.block_diag(competing(2, team), competing(2, team))
        module[2].weight[:alive, :alive] = torch.block_diag(competing(team, team), competing(team, team))
        module[2].weight[alive:, alive:] = 0.5
        module[0].bias[alive:] = -1.0
        module[4].weight[:4, :alive] = 4 * torch.block_diag(competing(team, 1), competing(team, 1))
        module[4].bias[4] = 0.1
    hidden = [0] * 2 * team + [1] * 2 * team + [2] * dead
    return module, ([0] * 4 + [1] * 4, hidden, hidden, [0, 0, 1, 1])


@pytest.fixture
def class_examples():
    """40 examples of each of the classes 0 to 3: two features of its own, about 4, the others 0."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(4).repeat(40)
    inputs = torch.zeros(len(targets), 8)
    for feature in (0, 1):
        inputs[torch.arange(len(targets)), 2 * targets + feature] = 3 + 2 * torch.rand(
            len(targets), generator=generator
        )
    return inputs, targets


@pytest.fixture
def zeroed():
    """Return a function that gives a chain of layers whose units do not reach the next layer's weights."""

    def copy(module, removed):
        """removed: by the name of the layer that reads them, the features that it no longer reads."""
        module = deepcopy(module)
        with torch.no_grad():
            for name, features in removed.items():
                module.get_submodule(name).weight[:, features] = 0
        return module

    return copy
