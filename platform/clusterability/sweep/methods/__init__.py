"""Search methods: each is a function `(space, num_known) -> Proposer`, one file each.

`num_known` conditions have been observed before: a resumed search does not repeat its first session's draws.
"""
