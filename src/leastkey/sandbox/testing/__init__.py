"""The embedded AWS for the tests of other programs, served from the test's own process.

`account` is what a test gets, `identity` who calls, `recording` what was really called; `unused` tells what a policy
grants beyond that. Nothing here decides: the questions go to the engine, on the state that there is. Nothing here
imports pytest; `leastkey.pytest_plugin` hands these to it.
"""
