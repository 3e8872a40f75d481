"""The spec: what `leastkey.yaml` says, as values, with the place of every value for later errors.

Pure: text in, values out. Reading files is the caller's business; a raw document's text is asked for through
a function. Nothing here knows AWS calls, plans or evaluation.
"""
