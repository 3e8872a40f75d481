"""The Protocols the flows talk to, and the values that cross them. No code that does anything lives here.

`aws`: what AWS answers. `local`: vault, bindings, journal, locks, profiles, session cache. `people`: progress.
"""
