"""Layers in two colours, so that weights join different colours only: a chain's even and odd layers."""

from collections.abc import Sequence


def two_colouring(num_layers: int, pairs: Sequence[tuple[int, int]]) -> tuple[int, ...] | None:
    """Return a colour, 0 or 1, for each layer so that no pair (source, target) has one colour twice.

    The first layer of each connected part has colour 0. None where there is no such colouring: where a skip
    connection closes an odd cycle.
    """
    neighbours: list[list[int]] = [[] for _ in range(num_layers)]
    for source, target in pairs:
        neighbours[source].append(target)
        neighbours[target].append(source)
    colours: dict[int, int] = {}
    for first in range(num_layers):
        colours.setdefault(first, 0)
        waiting = [first]
        while waiting:
            layer = waiting.pop()
            for other in neighbours[layer]:
                if other not in colours:
                    colours[other] = 1 - colours[layer]
                    waiting.append(other)
    if any(colours[source] == colours[target] for source, target in pairs):
        return None
    return tuple(colours[layer] for layer in range(num_layers))
