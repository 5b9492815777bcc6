"""The weight graph of a network: a list of blocks between layers of units; a chain is the common case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy import sparse

from clusterability.errors import CheckpointError, GraphError
from clusterability.graph.block import Block, KernelNorm, Weighting, read_only
from clusterability.graph.components import count_components
from clusterability.graph.dangling import units_on_paths
from clusterability.graph.reading import Reading, chain_reading, numbered

SMALLEST_WEIGHT = 1e-20  # of the largest one
DUST = 1e-12
"""Weights below this share of the largest count as zero."""
LARGEST_WEIGHT = 1e30


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightGraph:
    """One node per unit, an undirected edge of weight |w| per weight; isolated units are left out.

    Nodes are numbered layer by layer. A chain of matrices W_0, W_1, ... has the blocks (0, 1, W_0),
    (1, 2, W_1), ...; skip connections add blocks between layers further apart. Biases are ignored.
    Filan et al. 2021, section 2.
    """

    blocks: tuple[Block, ...]
    """Weights between the remaining units."""
    kept: tuple[np.ndarray, ...]
    """For each layer the indices, in the network, of the units that remain, ascending."""
    full_widths: tuple[int, ...]
    """Units of each layer before isolated ones were removed."""
    layer_names: tuple[str, ...]
    """What each layer is called in its network."""
    weighting: Weighting = "weights"
    """What an edge is: the weight, the weight times the spread of its source's activation, or the weight of
    the network whose hidden units have been rescaled to one norm."""
    note: str = ""
    """What was assumed in reading the network; empty: nothing."""
    dangling_left_out: int | None = None
    """Units left out because they lie on no path from inputs to outputs; None: such units stay."""

    @classmethod
    def from_matrices(cls, matrices: Sequence[Any]) -> "WeightGraph":
        """Build the graph of a chain of layers from its weight matrices, each (fan_in, fan_out).

        A torch `Linear.weight` is the transpose of such a matrix.

        Raises:
            GraphError: a matrix is not two-dimensional, not finite, or does not fit the one before it.
        """
        return cls.from_reading(chain_reading(matrices))

    @classmethod
    def from_reading(cls, reading: Reading) -> "WeightGraph":
        """Build the graph of what a reader has found.

        Raises:
            GraphError: as `from_blocks`.
        """
        graph = cls.from_blocks(reading.blocks, reading.widths, reading.layer_names, reading.weighting)
        return replace(graph, note=reading.note)

    @classmethod
    def from_blocks(
        cls,
        blocks: Sequence[Block],
        widths: Sequence[int],
        layer_names: Sequence[str] | None = None,
        weighting: Weighting = "weights",
    ) -> "WeightGraph":
        """Build a graph from the blocks of a network whose layers have these widths.

        Weights below 1e-12 of the largest count as zero: L2 leaves them (down to 1e-38) where nothing else
        moves a weight, and no sum shows them. Units without any nonzero weight are removed.

        Raises:
            GraphError: a matrix does not fit its layers or is not finite; all weights are zero or too small.
        """
        names = tuple(layer_names or numbered(len(widths)))
        degrees = [np.zeros(width) for width in widths]
        largest = max((_largest_weight(block, widths, names) for block in blocks), default=0)
        if 0 < largest < SMALLEST_WEIGHT:
            raise GraphError(f"every weight is below {SMALLEST_WEIGHT:g}: too small for single precision")
        blocks = [_without_dust(block, DUST * largest) for block in blocks]
        for block in blocks:
            magnitudes = np.abs(block.matrix)
            degrees[block.source] += magnitudes.sum(axis=1)
            degrees[block.target] += magnitudes.sum(axis=0)
        kept = tuple(read_only(np.flatnonzero(degree)) for degree in degrees)
        if not any(len(units) for units in kept):
            raise GraphError("every weight is zero: the graph has no edges")
        return cls(
            blocks=tuple(block.restricted(kept[block.source], kept[block.target]) for block in blocks),
            kept=kept,
            full_widths=tuple(int(width) for width in widths),
            layer_names=names,
            weighting=weighting,
        )

    @classmethod
    def from_module(
        cls,
        module: Any,
        inputs: Any = None,
        *,
        weighting: Weighting = "weights",
        kernel_norm: KernelNorm = "l1",
        kept_layers: Literal["paper", "all"] = "paper",
    ) -> "WeightGraph":
        """Build the graph of a torch module: linear layers, convolutions, batch norm, skip connections.

        The module is traced with torch.fx, in evaluation mode. `weighting="contribution"` runs it once over
        `inputs` (examples, ...) and weighs edges by |W[i, j]| sd(a_i) / sd(z_j), a_i what the weight
        multiplies, z_j the target before its nonlinearity: blind to dead units and to ReLU rescaling.
        `inputs` is not used otherwise. `weighting="normalised"` needs no data to be blind to rescaling: it
        divides each hidden unit's incoming weights by s and multiplies its outgoing ones by s, s = |incoming
        weights and bias| / sqrt(2), which leaves a ReLU network's function as it is. `kernel_norm` makes one
        edge of a convolution's kernel: "l1" (the paper's) or "l2". `kept_layers="paper"` keeps, where there
        are convolutions, only the weights between them; "all" keeps the input and the linear layers too.

        Raises:
            GraphError: a layer that cannot be read, or be normalised (tanh, GELU, ...), by its name.
        """
        from clusterability.graph.from_module import TracedModule  # torch takes seconds to import

        traced = TracedModule(module, kernel_norm=kernel_norm, kept_layers=kept_layers, inputs=inputs)
        return cls.from_reading(traced.reading(weighting, inputs))

    @classmethod
    def from_checkpoint(
        cls,
        path: Any,
        *,
        weighting: Weighting = "weights",
        kernel_norm: KernelNorm = "l1",
        kept_layers: Literal["paper", "all"] = "paper",
        only: str | Sequence[str] = (),
        batch_norm: Literal["before", "behind"] | None = None,
        batch_norm_eps: float = 1e-5,
    ) -> "WeightGraph":
        """Build the graph of a chain of layers from a file: .pt, .safetensors, .index.json of shards, .npz.

        The first three hold tensors by name, as `module.state_dict()` gives them: linear layers,
        convolutions, batch norms. Layers are chained in the order in which the file defines them, or, where
        the file does not keep it (safetensors), in the only order that fits. Every tensor is part of a layer
        or refused. An npz file holds the matrices in order, each (fan_in, fan_out). Other networks: load
        them, and use `from_module`. docs/measuring.md says what is read and what is refused.

        `only` chooses layers by patterns (`*`, `?`, `[...]`) that fit a tensor's name or what comes before
        one of its dots: "actor" is all of "actor.0.weight", "actor.2.weight", ... `batch_norm` says, where
        the names in a file do not, whether batch norms stand before their layer's nonlinearity or behind it;
        `batch_norm_eps` is theirs, which no file holds.

        `weighting` may be "normalised", as in `from_module`. A file does not say what lies between its
        layers: they are taken for ReLU units, which the graph's `note` says. Bare matrices have no biases.

        Raises:
            CheckpointError: the file is missing, damaged, not safe to load, or does not hold one chain.
        """
        from clusterability.graph.files.rebuilt import BatchNormSettings  # torch takes seconds to import
        from clusterability.graph.from_checkpoint import read_checkpoint

        reading = read_checkpoint(
            path,
            weighting=weighting,
            kernel_norm=kernel_norm,
            kept_layers=kept_layers,
            only=(only,) if isinstance(only, str) else only,
            batch_norm=BatchNormSettings(side=batch_norm, eps=batch_norm_eps),
        )
        try:
            return cls.from_reading(reading)
        except GraphError as error:
            raise CheckpointError(f"checkpoint {str(path)!r}: {error}") from error

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer that are nodes of the graph."""
        return tuple(len(units) for units in self.kept)

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph."""
        return sum(self.widths)

    @property
    def num_isolated(self) -> int:
        """Units left out because all their weights are zero."""
        return sum(self.full_widths) - self.num_nodes - (self.dangling_left_out or 0)

    @property
    def num_dangling(self) -> int:
        """Units with weights that lie on no path from inputs to outputs, left out or not.

        Inputs are the layers that no block enters, outputs those that no block leaves.
        """
        on_paths = sum(int(units.sum()) for units in self._on_paths())
        return self.num_nodes - on_paths + (self.dangling_left_out or 0)

    def without_dangling(self) -> "WeightGraph":
        """Return the graph of the units that lie on paths from inputs to outputs.

        A null network of it loses such units as well, as it loses isolated ones.

        Raises:
            GraphError: no unit lies on such a path.
        """
        on_paths = [np.flatnonzero(units) for units in self._on_paths()]
        remaining = sum(len(units) for units in on_paths)
        if not remaining:
            raise GraphError("no unit lies on a path from the inputs to the outputs: nothing is left")
        blocks = (block.restricted(on_paths[block.source], on_paths[block.target]) for block in self.blocks)
        return replace(
            self,
            blocks=tuple(blocks),
            kept=tuple(read_only(own[units]) for own, units in zip(self.kept, on_paths, strict=True)),
            dangling_left_out=self.num_nodes - remaining + (self.dangling_left_out or 0),
        )

    def _on_paths(self) -> list[np.ndarray]:
        return units_on_paths([(one.source, one.target, one.matrix) for one in self.blocks], self.widths)

    @property
    def num_components(self) -> int:
        """Connected components of the graph."""
        ends = [(block.source, block.target, block.matrix) for block in self.blocks]
        return count_components(ends, self.widths)

    @property
    def layer_starts(self) -> np.ndarray:
        """Number of the first node of each layer, and the number of nodes at the end, shape (layers + 1,)."""
        return np.concatenate([[0], np.cumsum(self.widths)])

    @property
    def layer_of(self) -> np.ndarray:
        """Layer of each node, shape (nodes,)."""
        return np.repeat(np.arange(len(self.widths)), self.widths)

    def adjacency(self) -> sparse.csr_array:
        """Return the symmetric matrix of edge weights |w|, shape (nodes, nodes), float64."""
        starts = self.layer_starts
        rows, columns, values = [], [], []
        for block in self.blocks:
            places = np.nonzero(block.matrix)
            rows.append((places[0] + starts[block.source]).astype(np.int32))  # scikit-learn wants 32 bits
            columns.append((places[1] + starts[block.target]).astype(np.int32))
            values.append(np.abs(block.matrix[places]))
        edges = (np.concatenate(rows), np.concatenate(columns))
        upper = sparse.coo_array((np.concatenate(values), edges), shape=(self.num_nodes, self.num_nodes))
        return (upper + upper.T).tocsr()


def _without_dust(block: Block, least: float) -> Block:
    dust = np.abs(block.matrix) < least
    return replace(block, matrix=np.where(dust, 0, block.matrix)) if block.matrix[dust].any() else block


def _largest_weight(block: Block, widths: Sequence[int], names: Sequence[str]) -> float:
    """Return the largest |w| of a block that fits its layers and is finite; raise GraphError otherwise."""
    between = f"weights from {names[block.source]} to {names[block.target]}"
    allowed = (widths[block.source], widths[block.target])
    if block.source == block.target:
        raise GraphError(f"{between}: a layer that feeds itself cannot be read as a weight graph")
    if block.matrix.shape != allowed:
        raise GraphError(f"{between}: got shape {block.matrix.shape}, allowed: {allowed}")
    if not np.isfinite(block.matrix).all():
        wrong = np.count_nonzero(~np.isfinite(block.matrix))
        raise GraphError(f"{between}: {wrong} values are not finite")
    largest = float(np.abs(block.matrix).max(initial=0))
    if largest > LARGEST_WEIGHT:
        raise GraphError(f"{between}: got weights above {LARGEST_WEIGHT:g}, too large for single precision")
    return largest
