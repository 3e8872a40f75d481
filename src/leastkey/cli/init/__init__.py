"""What `leastkey init` is made of: what it finds, what it asks, the file it writes, and what it carries over from hand-made entities.

`found` looks, `questions` asks, `new_file` writes, `specs_beside` warns of others; `adopt` and `adopt_view` are `--from-*`.
"""
