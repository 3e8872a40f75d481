"""The embedded AWS: moto behind a gate that authenticates and authorizes every request with our own engine.

A request comes in at `server`, passes the `gate` (who sends it?), is named by `resolve` (which action on which resource?),
and decided in `authorize` (may it?). Then `sts` or moto answers, and `rules` puts right what moto gets wrong. `state` is what
there is. moto takes no decision, and nothing here listens on anything but 127.0.0.1.
"""
