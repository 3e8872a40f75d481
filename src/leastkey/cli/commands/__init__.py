"""One file a command of `leastkey`: its options, its help with an example, and what it does in a screenful.

A file is loaded when its command is called. What several commands do stands beside this package, what one family of them
needs in a package of its own (`init`, `demo`, `sandbox`).
"""
