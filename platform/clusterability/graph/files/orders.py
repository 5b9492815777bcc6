"""The order of layers in files that do not keep it: accepted only if exactly one fits."""

from collections.abc import Sequence
from itertools import combinations, pairwise

from clusterability.errors import CheckpointError
from clusterability.graph.files.chain import End, extended
from clusterability.graph.files.elements import Element, Slope, Weights
from clusterability.graph.files.names import WAY_OUT, common_prefix, listed, stem_and_number

_MOST_STEPS = 100_000
_MOST_ELEMENTS = 400
_SHOWN = 3


def is_sorted_by_name(names: Sequence[str]) -> bool:
    """Say whether a file's names have been sorted, so that their order is not that of the definitions.

    In a state dict a layer's weight comes before its bias and layer 2 of a container before layer 10.
    """
    differing = [_first_difference(one, other) for one, other in pairwise(names)]
    if any(
        a.isdigit() and b.isdigit() and int(a) > int(b) for a, b in differing if a.isascii() and b.isascii()
    ):
        return True
    return ("bias", "weight") in differing and list(names) == sorted(names)


def _first_difference(one: str, other: str) -> tuple[str, str]:
    """Return the parts in which two dotted names differ first; "" and "" where one begins with the other."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    return next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))


def only_order(elements: Sequence[Element]) -> list[Element]:
    """Return the elements in the one order in which they make a chain.

    Numbers in names are kept to: layers of one container ("body.0", "body.2"), and names that end in
    consecutive numbers ("fc1", "fc2", "fc3"), stay in the order of their numbers. PReLUs are left out.

    Raises:
        CheckpointError: no order makes a chain, or several do: naming them.
    """
    parts = [element for element in elements if not isinstance(element, Slope)]
    found = _orders(parts)
    if len(found) == 1:
        return found[0]
    if found:
        shown = " or ".join(" > ".join(_names(order)) for order in found)
        raise CheckpointError(
            f"does not keep the order of its layers, and more than one fits: {shown}; save with torch.save, "
            f"choose layers with only= (--only), or {WAY_OUT}"
        )
    networks = _networks(parts)
    if networks:
        raise CheckpointError(
            f"holds {len(networks)} networks, {listed(networks)}: choose one with only= (--only)"
        )
    shapes = [f"{one.name} {tuple(one.weight.shape[:2])}" for one in parts if isinstance(one, Weights)]
    raise CheckpointError(
        f"no order of its {len(shapes)} layers, (out, in) {listed(shapes, 6)}, makes one chain; choose "
        f"layers with only= (--only), or {WAY_OUT}"
    )


def _orders(elements: Sequence[Element]) -> list[list[Element]]:
    """Return the orders that make a chain and keep to the numbers in the names, two at most."""
    too_many = CheckpointError(
        f"does not keep the order of its {len(elements)} layers, and there are too many to try; save with "
        f"torch.save, choose layers with only= (--only), or {WAY_OUT}"
    )
    if len(elements) > _MOST_ELEMENTS:
        raise too_many
    earlier = _earlier(elements)
    found: list[list[Element]] = []
    steps = 0

    def extend(order: list[int], end: End) -> None:
        nonlocal steps
        steps += 1
        if steps > _MOST_STEPS:
            raise too_many
        if len(order) == len(elements):
            found.append([elements[index] for index in order])
            return
        placed = set(order)
        for index, element in enumerate(elements):
            if len(found) < 2 and index not in placed and earlier[index] <= placed:
                following = extended(end, element)
                if following is not None:
                    extend([*order, index], following)

    extend([], End())
    return found


def _earlier(elements: Sequence[Element]) -> list[set[int]]:
    """For each element the indices of those that its number puts before it."""
    numbers: dict[tuple[str, str], set[int]] = {}
    for element in elements:
        parts = element.name.split(".")
        for place, part in enumerate(parts):
            stem, number = stem_and_number(part)
            if number is not None:
                numbers.setdefault((".".join(parts[:place]), stem), set()).add(number)
    earlier: list[set[int]] = [set() for _ in elements]
    for one, other in combinations(range(len(elements)), 2):
        shared = common_prefix([elements[one].name, elements[other].name])
        part, other_part = _first_difference(elements[one].name, elements[other].name)
        (stem, low), (other_stem, high) = stem_and_number(part), stem_and_number(other_part)
        if stem != other_stem or low is None or high is None:
            continue
        given = numbers[shared, stem]
        if stem and len(given) != max(given) - min(given) + 1:
            continue  # fc1, fc21, fc22: numbers that do not count
        first, second = (one, other) if low < high else (other, one)
        earlier[second].add(first)
    return earlier


def _networks(elements: Sequence[Element]) -> list[str]:
    """Return the parts of the names that are networks of their own, if all are."""
    shared = common_prefix(element.name for element in elements)
    place = len(shared.split(".")) if shared else 0
    groups: dict[str, list[Element]] = {}
    for element in elements:
        groups.setdefault(".".join(element.name.split(".")[: place + 1]), []).append(element)
    if len(groups) < 2 or any(not _orders(group) for group in groups.values()):
        return []
    return [f"{name}.*" if len(group) > 1 else name for name, group in groups.items()]


def _names(order: Sequence[Element]) -> list[str]:
    names = [repr(element.name) for element in order if isinstance(element, Weights)]
    return names if len(names) <= 2 * _SHOWN else [*names[:_SHOWN], "...", *names[-_SHOWN:]]
