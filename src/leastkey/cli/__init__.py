"""The command line: one file a command in `commands`, and what they share. No rule about AWS stands here.

`main` finds the command and prints errors; `options` and `read_spec` are what a command was told. `wiring` and
`machine` put adapters into flows, `administrator` and `sandbox.door` find who it works for. `planning`, `applying`, `proof`,
`binding` and `sessions` are what several commands do with the flows. `show` is the one place that prints; `plan_view`, `wrap`,
`streams`, `progress`, `ask`, `hints` and `help_layout` are how.
"""
