"""Largest eigenvalues of the normalised adjacency D^-1/2 A D^-1/2, without forming it where it is large."""

import numpy as np
from scipy.linalg import LinAlgError, eigh
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from clusterability.errors import GraphError
from clusterability.ncut.adjacency import Layout
from clusterability.ncut.normalised import NormalisedAdjacency

DENSE_NODES = 200
"""Up to so many nodes the whole matrix is decomposed."""
GRAM_NODES = 2500
"""Up to so many nodes on its smaller side a bipartite graph is decomposed through its Gram matrix."""
FALLBACK_NODES = 12_000
"""Up to so many nodes a Lanczos iteration that fails is replaced by a dense decomposition (1.2 GB)."""
LANCZOS_VECTORS, LANCZOS_TOLERANCE = 60, 1e-5
"""Krylov vectors between restarts (scipy's 2 k + 1 needs twice the products) and relative residual."""
_SMALLEST_SINGULAR_VALUE = 1e-4  # below it, U = N V / sigma is noise in float32


def top_eigenpairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` largest eigenvalues, descending, and their eigenvectors, shape (nodes, count).

    A chain is bipartite, N = [[0, M], [M', 0]]: its largest eigenvalues are the singular values of M and
    follow from the smaller Gram matrix M'M, the vectors of the other side from U = M V / sigma. Other graphs
    and large ones take Lanczos iterations, which fall back to a dense decomposition.

    Raises:
        GraphError: that fails too.
    """
    if adjacency.layout.num_nodes <= max(DENSE_NODES, count + 1):
        return _dense_pairs(adjacency, count)
    small = adjacency.layout.nodes_of_smaller_side
    if small is not None and count <= len(small) <= GRAM_NODES:
        pairs = _gram_pairs(adjacency, small, count)
        if pairs[0][-1] > _SMALLEST_SINGULAR_VALUE:
            return pairs
    return _lanczos_pairs(adjacency, count)


def measured_precision(layout: Layout) -> type:
    """Return the precision to report eigenvalues in: single where only Lanczos iterations are affordable.

    Their products would copy every block to double precision, and their residual is larger than rounding.
    """
    small = layout.nodes_of_smaller_side
    direct = layout.num_nodes if small is None else len(small)
    return np.float64 if direct <= GRAM_NODES else np.float32


def _dense_pairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    return _largest_of_matrix(adjacency.dense(), count)


def _largest_of_matrix(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues, descending, and their vectors; overwrites the matrix."""
    last = len(matrix) - 1
    try:
        values, vectors = eigh(
            matrix, subset_by_index=(last + 1 - count, last), check_finite=False, overwrite_a=True
        )
    except LinAlgError as error:
        raise GraphError(f"the eigensolver failed on a matrix of {len(matrix)} rows ({error})") from error
    return values[::-1], vectors[:, ::-1]


def _gram_pairs(
    adjacency: NormalisedAdjacency, small: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    squares, right = _largest_of_matrix(_gram(adjacency, small), count)
    values = np.sqrt(np.maximum(squares, 0))
    vectors = np.zeros((adjacency.layout.num_nodes, count), dtype=adjacency.dtype)
    vectors[small] = right
    left = adjacency.multiply(vectors)  # M V: nonzero on the larger side only
    vectors += left / np.maximum(values, _SMALLEST_SINGULAR_VALUE)
    return values, vectors * np.sqrt(0.5, dtype=adjacency.dtype)


def _gram(adjacency: NormalisedAdjacency, small: np.ndarray) -> np.ndarray:
    """Return M'M over the smaller side: each layer of the larger side couples its own neighbours only."""
    layout, scale = adjacency.layout, adjacency.scale
    assert layout.sides is not None, "only bipartite graphs"
    place = np.zeros(layout.num_nodes, dtype=np.int64)
    place[small] = np.arange(len(small))
    gram = np.zeros((len(small), len(small)), dtype=adjacency.dtype)
    for layer in layout.sides[0]:
        rows = range(layout.half_pointers[layer], layout.half_pointers[layer + 1])
        own = scale[layout.starts[layer] : layout.starts[layer + 1], None]
        pieces = []
        for row in rows:
            _, _, first, width, _ = layout.halves[row]
            weights = layout.half(adjacency.flat, row) * scale[first : first + width] * own
            pieces.append((slice(place[first], place[first] + width) if width else slice(0), weights))
        for one, first_weights in pieces:
            for other, second_weights in pieces:
                gram[one, other] += first_weights.T @ second_weights
    return gram


class _Operator(LinearOperator):
    """The normalised adjacency as SciPy's Lanczos iteration wants it."""

    def __init__(self, adjacency: NormalisedAdjacency):
        nodes = adjacency.layout.num_nodes
        super().__init__(np.dtype(adjacency.dtype), (nodes, nodes))
        self.adjacency = adjacency

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.adjacency.multiply(x.reshape(-1, 1))[:, 0]


def _lanczos_pairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes = adjacency.layout.num_nodes
    operator = _Operator(adjacency)
    # Near the first eigenvector, and the same in every run.
    start = np.sqrt(adjacency.degrees).astype(adjacency.dtype)
    start += start.mean() * np.cos(np.arange(nodes), dtype=adjacency.dtype)
    try:
        values, vectors = eigsh(
            operator, k=count, which="LA", v0=start,
            tol=LANCZOS_TOLERANCE,  # pyright: ignore[reportArgumentType]  # its stub says int
            ncv=min(nodes, max(2 * count + 1, LANCZOS_VECTORS)),
        )  # fmt: skip
    except (ArpackError, LinAlgError) as error:
        if nodes <= FALLBACK_NODES:
            return _dense_pairs(adjacency, count)
        raise GraphError(
            f"the eigensolver did not converge on {nodes} nodes ({error}); fewer clusters may help"
        ) from error
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]
