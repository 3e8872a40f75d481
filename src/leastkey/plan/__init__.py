"""Wanted x seen -> Plan: what has to change, in which order, whether that is safe, and a fingerprint of it all.

Pure: the account is given as a `Seen` value. Nothing here calls AWS or changes anything.
"""
