"""What each operation does to the units of a network: one table, by the operations' bare names."""

from clusterability.graph.rules import arithmetic, elementwise, joining, movement, norms, pooling, weights

RULES = {
    **weights.RULES,
    **movement.RULES,
    **elementwise.RULES,
    **pooling.RULES,
    **norms.RULES,
    **arithmetic.RULES,
    **joining.RULES,
}
