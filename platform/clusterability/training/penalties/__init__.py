"""What can be added to the loss: one file for each penalty, its settings and its behaviour together.

Files whose names begin with an underscore hold their numerics.
"""
