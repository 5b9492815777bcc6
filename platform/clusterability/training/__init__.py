"""Training: the bare loop, penalties, pruning. Import what you need from its modules: torch takes seconds."""
