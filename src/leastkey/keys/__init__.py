"""The life of an access key and of the profile that serves it, under a write-ahead intent.

`create`, `prove`, `recover`, `retire` and `remove` are the steps of the key protocol and `work` what they share; `profile`
and `helper` write the section that names the credential helper. No secret is kept here: it goes to the vault at once.
"""
