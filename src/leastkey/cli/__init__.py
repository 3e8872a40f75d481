"""The command line: one file a command, and what commands share.

`main` finds the command and prints errors, `wiring` is the one place that puts adapters into flows, `show` is the one
place that prints. A command asks flows and shows what they give; no rule about AWS stands here.
"""
