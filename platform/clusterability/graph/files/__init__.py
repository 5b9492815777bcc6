"""Weight files: opened safely, every tensor accounted for, read as the one chain of layers that they hold."""
