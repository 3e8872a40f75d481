"""Dispatch: the command line."""
