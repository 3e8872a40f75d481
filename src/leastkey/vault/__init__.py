"""The only importer of keyring and pyrage: where long-lived secrets lie."""
