"""The evaluation engine: what AWS decides about one request under a set of policies, and why.

Pure. Deciding is complete in its inputs: the context is taken as it is. Filling in what AWS supplies is a step of its own
(`context`), which whoever has half a context takes first.
Nothing here knows specs, plans or AWS calls.
"""
