"""What a tensor of a network holds: which units of which layers lie where in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """Units of layers, each times a factor, at their places in a tensor."""

    ids: torch.Tensor
    """Entry at each place of the tensor, int32, shape of the tensor; -1: a constant."""
    layers: np.ndarray
    """Layer of each entry, shape (entries,)."""
    units: np.ndarray
    """Unit of each entry in its layer, same shape; in the input layer the element of an example."""
    scales: np.ndarray
    """Factor of each entry since its unit's last nonlinearity or layer, same shape."""
    is_linear: bool = False
    """No nonlinearity since the last layer, so what is folded or added next still belongs to it."""
    is_exclusive: bool = False
    """Nothing else reads the values since the last layer."""

    @property
    def present(self) -> np.ndarray:
        """Entries that lie anywhere in the tensor, ascending."""
        found = np.unique(squeezed(self.ids).numpy())
        return found[found >= 0]

    def varying_axes(self) -> list[int]:
        """Return the axes along which units differ."""
        return [axis for axis in range(self.ids.ndim) if _varies(self.ids, axis)]

    def along(self, axis: int) -> np.ndarray:
        """Return the entry at each position of an axis, the only one along which units differ."""
        ids = squeezed(self.ids)
        others = [other for other in range(ids.ndim) if other != axis]
        row = ids.amax(dim=others) if others else ids
        return row.expand(self.ids.shape[axis]).numpy().astype(np.int64)

    def moved(self, ids: torch.Tensor) -> "Signal":
        """Return the same entries at other places."""
        return replace(self, ids=ids)

    def shared(self) -> "Signal":
        """Return the signal where several operations read it."""
        return replace(self, is_exclusive=False)

    def nonlinear(self) -> "Signal":
        """Return the signal behind a nonlinearity."""
        return replace(self, is_linear=False, is_exclusive=False)


class Mixed:
    """Values that units have been mixed to by no weights, which nothing but the outputs may read."""

    def __init__(self, operation: str, layers: Sequence[int]) -> None:
        """Take what has mixed them, as the beginning of a message, and the layers of the units."""
        self.operation = operation
        self.layers = tuple(layers)


Followed = Signal | Mixed | Sequence["Signal | Mixed | None"] | None


def squeezed(ids: torch.Tensor) -> torch.Tensor:
    """Return ids with length 1 along axes where they have been expanded."""
    for axis in range(ids.ndim):
        if ids.shape[axis] > 1 and ids.stride(axis) == 0:
            ids = ids.narrow(axis, 0, 1)
    return ids


def layer_ids(shape: Sequence[int], axis: int) -> torch.Tensor:
    """Return the ids of a tensor whose units lie along an axis in their order."""
    row = torch.arange(shape[axis], dtype=torch.int32)
    return row.reshape([-1 if other == axis else 1 for other in range(len(shape))]).expand(*shape)


def whole_axis(signal: Signal, width: int) -> int | None:
    """Return the axis along which a layer's units lie whole and in their order; None: there is none."""
    axes = signal.varying_axes()
    if width == 1 and not axes:  # any axis of length 1, but not that of the examples
        axes = [axis for axis in range(1, signal.ids.ndim) if signal.ids.shape[axis] == 1][:1]
    if len(axes) != 1 or axes[0] == 0 or signal.ids.shape[axes[0]] != width:
        return None
    entries = signal.along(axes[0])
    if (entries < 0).any() or (signal.units[entries] != np.arange(width)).any():
        return None
    return axes[0]


def same_units(one: Signal, other: Signal) -> bool:
    """Say whether two tensors, broadcast, hold the same units at the same places."""
    first, second = torch.broadcast_tensors(squeezed(one.ids), squeezed(other.ids))
    first, second = first.numpy(), second.numpy()
    if ((first < 0) != (second < 0)).any():
        return False
    first, second = first[first >= 0], second[second >= 0]
    same_layers = (one.layers[first] == other.layers[second]).all()
    return bool(same_layers and (one.units[first] == other.units[second]).all())


def common_units(signals: Sequence[Signal]) -> bool:
    """Say whether any unit lies in more than one of the tensors."""
    seen: set[tuple[int, int]] = set()
    for signal in signals:
        present = signal.present
        own = set(zip(signal.layers[present].tolist(), signal.units[present].tolist(), strict=True))
        if seen & own:
            return True
        seen |= own
    return False


def with_common_entries(signals: Sequence[Signal]) -> list[Signal]:
    """Return the signals with one table of entries, in which equal entries are one."""
    table = np.concatenate([np.stack([s.layers, s.units, s.scales], axis=1) for s in signals])
    rows, new = np.unique(table, axis=0, return_inverse=True)
    new, first, result = new.reshape(-1), 0, []
    for signal in signals:
        own = torch.from_numpy(new[first : first + len(signal.layers)].astype(np.int32))
        ids = squeezed(signal.ids)
        ids = torch.where(ids < 0, ids, own[ids.clamp(min=0).long()]) if len(own) else ids
        result.append(
            replace(
                signal,
                ids=ids.expand(signal.ids.shape),
                layers=rows[:, 0].astype(np.int64),
                units=rows[:, 1].astype(np.int64),
                scales=rows[:, 2],
            )
        )
        first += len(signal.layers)
    return result


def _varies(ids: torch.Tensor, axis: int) -> bool:
    if ids.shape[axis] <= 1 or ids.stride(axis) == 0 or ids.numel() == 0:
        return False
    ids = squeezed(ids)
    highest = ids.amax(dim=axis)
    lowest = torch.where(ids < 0, torch.iinfo(torch.int32).max, ids).amin(dim=axis)
    return bool((highest > lowest).any())
