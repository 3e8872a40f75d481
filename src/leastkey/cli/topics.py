"""What `leastkey help TOPIC` says besides the error codes."""

from __future__ import annotations

from typing import Final

from leastkey.cli.topic_spec import SPEC

__all__ = ["TOPICS"]

WORDS: Final = """\
spec      the file leastkey.yaml: who may do what
plan      what has to change in the account so that it is as the spec says
vault     where long-lived secrets lie: an age file whose own key is kept apart
broker    what assumes the role and serves short-lived sessions to scripts
verdict   a judge's answer to one request: allow, implicit deny, explicit deny

All other words are AWS's own: role, policy, user, trust policy, boundary,
session."""

STEPS: Final = """\
1 role           a role whose trust policy names exactly who may wear it
2 policy         least-privilege documents made from the spec's intents
3 user           a user that can do one thing: assume its role
4 tie            policy attached to role; user and role tied together
5 access key     made under a write-ahead journal; the secret goes to the vault
6 configure      a profile in ~/.aws/config that holds a command, no secret
7 authenticate   leastkey verify, and leastkey run -- aws ec2 describe-regions

Where no key is needed (EC2 instance profile) steps 3, 5 and 6 fall away."""

KEYLESS: Final = """\
A script on an EC2 instance needs no key: the instance wears the role itself.
In leastkey.yaml write, instead of `- user`:

    used-by:
      - service: ec2

leastkey then makes an instance profile. Start the instance with it, and every
AWS tool on it finds its credentials by itself. No secret exists that could be
lost. Other services (`- service: lambda`) are given the role where you set them
up; another account (`- account: ID` with `external-id`) assumes it by its ARN."""

VAULTS: Final = """\
keyring         an age file; its key lies in the platform's store (Secret
                Service, Keychain, Credential Manager), protected by your login
age-file        an age file; its key lies beside it in a file only you can read.
                That hides the secret from other users and from backups that
                leave the folder out. It does not protect it from who can read
                your files
age-file:/PATH  the same, with its key in a file you name, perhaps elsewhere

Choose with --vault NAME or LEASTKEY_VAULT. The choice is remembered."""

TOPICS: Final[dict[str, str]] = {
    "keyless": KEYLESS,
    "spec": SPEC,
    "steps": STEPS,
    "vaults": VAULTS,
    "words": WORDS,
}
