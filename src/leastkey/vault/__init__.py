"""The only importer of keyring and pyrage: where long-lived secrets lie.

`choose` opens a vault by its name, `age_file` is the one people use, `identity_store` keeps its identity, `memory` is for
tests. Files are reached through the door in `files`, which `disk` implements. Nothing here asks anybody anything.
"""
