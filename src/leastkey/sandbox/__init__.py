"""The embedded AWS: moto behind a gate that authenticates and authorizes every request with our own engine.

A request comes through `server` and `wire` to the `gate`, which asks `authenticate` (`signed`, `payload`) who sends it and
`judge` whether it may: `service_models` and `parameters` read it, `resolve*` and `resources_*` name what it touches, `context`
and `authorize` ask the engine. Then `sts` answers, or `backend` (moto), with `iam_*` for what moto gets wrong. `world` is the
state, `snapshot` keeps it. `lifecycle` starts and asks the process (`process`, `control`, `runfile`) from outside.
moto takes no decision, and nothing here listens on anything but 127.0.0.1.
"""
