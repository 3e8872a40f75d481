"""The embedded AWS: moto behind a gate that authenticates and authorizes every request with our own engine."""
