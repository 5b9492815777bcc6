"""Random patterns of nonzero weights in which every unit keeps its number of them; compiled, nogil."""

import numpy as np
from numba import njit

TRADES_PER_ROW = 5
"""Trades for each row: after so many the pattern has forgotten the first one (Strona et al. 2014)."""


@njit(cache=True, nogil=True)
def shuffle_pattern(pattern, rng):
    """Draw, in place, from the patterns with the same row and column counts, all equally likely in the limit.

    Curveball (Strona, Nappo, Boccacci, Fattorini & San-Miguel-Ayanz 2014): two rows deal out, at random, the
    places that only one of them has.

    Args:
        pattern: (rows, columns) bool.
        rng: numpy generator.
    """
    num_rows, num_columns = pattern.shape
    places = np.empty(num_columns, dtype=np.int64)
    for _ in range(TRADES_PER_ROW * num_rows if num_rows > 1 else 0):
        i = int(rng.random() * num_rows)
        j = int(rng.random() * (num_rows - 1))
        j += j >= i
        count, owned = 0, 0
        for column in range(num_columns):
            if pattern[i, column] != pattern[j, column]:
                places[count] = column
                count += 1
                owned += pattern[i, column]
        for kept in range(owned):
            other = kept + int(rng.random() * (count - kept))
            places[kept], places[other] = places[other], places[kept]
        for index in range(count):
            pattern[i, places[index]] = index < owned
            pattern[j, places[index]] = index >= owned
