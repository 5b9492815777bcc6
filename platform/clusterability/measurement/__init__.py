"""What is measured of a network: the same for a trial and for `clusterability measure`."""
