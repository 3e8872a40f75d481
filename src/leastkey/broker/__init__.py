"""Short-lived sessions for scripts: assume the role once, serve from the cache until refresh is due.

`session` mints one for many callers, `refresh` says when, `run` starts a program with it. The long-lived key leaves
the vault for one signature only and is never given to a caller.
"""
