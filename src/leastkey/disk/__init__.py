"""Files, atomic and 0600 in 0700 folders, never through a link: bindings, intents, journal, locks, sessions, AWS config.

`files` holds every way of reading and writing, `documents` how our JSON is marked; the others implement `ports.local`. What
cannot be read as written is an error that names the file, never an empty answer; only the session cache may be missing.
"""
