"""One file for each family of metrics; the table in `clusterability.components` names them."""
