"""May this caller do that: every action a request needs, put to the engine."""
