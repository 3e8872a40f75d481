"""What can be wrong with this computer, and with the keys it serves: one check each, and what helps.

A check looks and says; it mends only what `--fix` asks for, and never a key or a file of the user's. One that cannot
look is an error of its own, never a pass.
"""
