"""The life of an access key and of the profile that serves it, under a write-ahead intent.

`machine` is the protocol's table; `create`, `prove`, `recover`, `room`, `retire`, `grace`, `rotation` and `remove` are its steps and `work` what they share; `profile`
and `helper` write the section that names the credential helper. No secret is kept here: it goes to the vault at once.
"""
