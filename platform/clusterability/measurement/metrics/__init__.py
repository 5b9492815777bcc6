"""The metrics of `clusterability.components`, one file per quantity; nothing heavy is imported here."""
