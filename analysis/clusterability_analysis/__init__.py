"""From a sweep's records to its frontier, its significance and its figures."""
