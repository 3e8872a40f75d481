"""Adopting what somebody made by hand: a user or role as it was read becomes a spec that would replace it.

Pure: values in, text out. Nothing here changes an account, and what the spec cannot say is named, never left away.
"""
