"""The command line: one file a command; `main` wires flows to adapters in one function."""
