"""Independent draws."""

from collections.abc import Iterator

from clusterability.seeds import generator
from clusterability.spaces import SearchSpace
from clusterability.spaces.space import Assignment
from clusterability.sweep.proposer import ATTEMPTS, EnumeratedProposer, Proposer, key_of


def propose_random(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer of independent draws, no condition twice."""
    return EnumeratedProposer(_conditions(space))


def _conditions(space: SearchSpace) -> Iterator[Assignment]:
    """Yield control, start points and independent draws, no condition twice; each draw has its own stream."""
    known = {key_of(condition) for condition in space.first_conditions}
    yield from space.first_conditions
    draw = repeats = 0
    while repeats < ATTEMPTS:
        rng = generator(space.search.seed, "condition", draw)
        assignment = space.settle({axis.name: axis.sample(rng) for axis in space.axes})
        draw += 1
        repeats = repeats + 1 if key_of(assignment) in known else 0
        if not repeats:
            known.add(key_of(assignment))
            yield assignment
    if space.num_conditions is not None:
        yield from (item for item in space.grid() if key_of(item) not in known)
