"""On which side of the nonlinearity a batch norm stands, as far as the file shows it."""

from collections.abc import Sequence
from typing import Literal

from clusterability.errors import CheckpointError
from clusterability.graph.files.elements import Element, Slope, Weights
from clusterability.graph.files.names import WAY_OUT, parent_and_number, stem_and_number

NormSide = Literal["before", "behind"]


def norm_side(elements: Sequence[Element], index: int, assumed: NormSide | None) -> NormSide:
    """Return whether the batch norm at `index` stands before the nonlinearity of its layer or behind it.

    Before it, it scales what its layer writes; behind it, what the next layer reads. The file shows it:

    - in front of all layers: behind;
    - a PReLU between the layer and it: behind; between it and the next layer: before;
    - numbers in one container (nn.Sequential): right behind its layer (0, 1) with no layer right behind it:
      before; right in front of the next layer, with a number left out before it (0, 2, 3): behind.

    Elsewhere `assumed` says it.

    Raises:
        CheckpointError: it is not shown and not assumed; or names pair the batch norm with another layer.
    """
    norm = elements[index]
    layer = next((one for one in reversed(elements[:index]) if isinstance(one, Weights)), None)
    if layer is None:
        return "behind"
    _require_same_number(layer, norm)
    following = next((one for one in elements[index + 1 :] if isinstance(one, Weights)), None)
    if isinstance(elements[index - 1], Slope):
        return "behind"
    if index + 1 < len(elements) and isinstance(elements[index + 1], Slope):
        return "before"
    shown = _shown_by_numbers(layer, norm, following) or assumed
    if shown is None:
        raise CheckpointError(
            f"batch norm {norm.name!r} stands before the nonlinearity of {layer.name!r} or behind it, and "
            "the file does not say which: say batch_norm='before' or 'behind' (--batch-norm), or "
            f"{WAY_OUT}"
        )
    return shown


def _shown_by_numbers(layer: Weights, norm: Element, following: Weights | None) -> NormSide | None:
    container, number = parent_and_number(norm.name)
    layers_container, layers_number = parent_and_number(layer.name)
    if number is None or layers_number is None or container != layers_container:
        return None
    following_number = None
    if following is not None:
        following_container, following_number = parent_and_number(following.name)
        if following_container != container:
            following_number = None
    if number == layers_number + 1 and following_number != number + 1:
        return "before"
    if number > layers_number + 1 and following_number == number + 1:
        return "behind"
    return None


def _require_same_number(layer: Weights, norm: Element) -> None:
    """Refuse "bn1" behind "conv2": the order of definition is not the order of use."""
    container, _, name = norm.name.rpartition(".")
    layers_container, _, layers_name = layer.name.rpartition(".")
    (stem, number), (layers_stem, layers_number) = stem_and_number(name), stem_and_number(layers_name)
    named = container == layers_container and stem and layers_stem
    if named and number is not None and layers_number is not None and number != layers_number:
        raise CheckpointError(
            f"batch norm {norm.name!r} comes behind layer {layer.name!r} in the file, but has another "
            f"number, and what it is behind in the network is not clear; {WAY_OUT}"
        )
