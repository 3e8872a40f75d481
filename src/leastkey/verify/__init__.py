"""The proof: one probe a grant line and a set that must be denied, each judged by our engine and by a real call."""
