"""The evaluation engine: what AWS decides about one request under a set of policies, and why.

Pure and complete in its inputs: the context is taken as it is, nothing is filled in and nothing looked up.
Nothing here knows specs, plans or AWS calls.
"""
