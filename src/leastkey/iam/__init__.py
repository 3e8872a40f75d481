"""AWS's own nouns as frozen values: ARNs, actions, principals, statements, policy documents, keys, names, limits.

Pure: no clock, file, network or chance, except that `catalog` reads the pinned action catalogue once.
Nothing here knows about specs, plans or evaluation.
"""
