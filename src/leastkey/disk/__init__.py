"""Files, atomic and 0600 in 0700 folders, never through a link: journal, intents, bindings, locks, AWS config."""
