"""The flow that makes the account as the plan says, in both directions: making and taking down.

`observe` and `local_state` look, `run` carries a plan out through `schedule`, `carry` and one module an entity, and
`resume` finishes key operations left open. Knows AWS and this computer only through `ports`; decides nothing that the
plan has not decided.
"""
