"""What the commands of `leastkey sandbox` are made of: a file a part of the control door, and who finds the running one.

`door` leads other commands to the embedded AWS, `vaults` to the key of its snapshot.
"""
