"""What `leastkey demo` is made of: the stage, a home and a sandbox of its own, and the thief who finds a key."""
