"""Short-lived sessions for scripts: assume the role once, serve from the cache until refresh is due."""
