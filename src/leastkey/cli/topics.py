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

Where no key is needed (EC2, GitHub Actions, GitLab CI and other issuers of
tokens) steps 3, 5 and 6 fall away."""

KEYLESS: Final = """\
In many places a script needs no key, and no secret exists that could be lost.
In leastkey.yaml write, instead of `- user`, who wears the role:

    used-by:
      - service: ec2
      - github: {repository: acme/reports, repository-id: 123456,
                 owner-id: 654321, environment: production}
      - gitlab: {project: acme/reports, branch: main}
      - oidc: {issuer: "https://issuer.example", audience: sts.amazonaws.com,
               subject: job-7}
      - {account: "444455556666", external-id: acme-7f3a91c2}

service   on EC2 the instance wears the role: leastkey makes an instance
          profile, start the instance with it. Other services (lambda) are given
          the role where you set them up
github    a job shows the token that GitHub signs for it; so do gitlab and oidc.
gitlab    leastkey makes the account's OpenID Connect provider where there is
oidc      none, and the role trusts one repository (project, subject) with one
          environment, branch or tag. Wildcards are refused
account   a role of another account assumes it by its ARN with the external id

GitHub's numbers: gh api repos/OWNER/NAME --jq '.id, .owner.id'. The first is
repository-id, the second owner-id: a repository made or renamed since July 2026
needs both, since its tokens name them. To try a trust without GitHub and
without AWS: leastkey sandbox token github --help"""

VAULTS: Final = """\
A vault is an encrypted age file. Its name says where the identity lies that
opens it, and that is what protects it:

keyring         the platform's store (Secret Service, Keychain, Credential
                Manager), protected by your login
kernel          a file that your passphrase encrypts; `leastkey unlock` puts the
                identity into the Linux kernel's memory for some hours
kernel:STORE    the same for an identity that rests in any other store here,
                such as kernel:age-file:/media/stick/identity.txt
tpm2            sealed by this computer's TPM: a copied disk does not open
systemd-creds   sealed by systemd for this computer; root only
pass            an entry of `pass`, encrypted with your GPG key
command:/PATH   what a program of yours prints within 3 seconds
age-file        a file beside the vault that only you can read. That hides the
                secret from other users and from backups that leave the folder
                out. It does not protect it from who can read your files
age-file:/PATH  the same, in a file you name, perhaps elsewhere

Choose with --vault NAME or LEASTKEY_VAULT. The choice is remembered.
See what you have: leastkey vault status"""

KEYS: Final = """\
  script --> profile ----> key -----> user --wears--> role --may--> what the
             a command     vault      may do one      1 hour        spec says
                                      thing

made      `leastkey up`: an intent is written first, the key is made once, its
          secret goes to the vault and is read back, the key is proved
renewed   `leastkey rotate`: the new key is stored and proved before the profile
          uses it; the old one is switched off, kept a day, then deleted. Back
          to it meanwhile: `leastkey rotate --undo`
watched   `leastkey status`: age, last use, due date. `leastkey doctor`: what
          could leak or hide a key on this computer
stolen    `leastkey revoke NAME`: keys off, sessions dead, and what they did.
          After that `leastkey revoke NAME --restore` and `leastkey up`
moved     `leastkey vault move`: to a better vault. `leastkey key request`: a
          key of its own for another computer
none      leastkey help keyless"""

TOPICS: Final[dict[str, str]] = {
    "keys": KEYS,
    "keyless": KEYLESS,
    "spec": SPEC,
    "steps": STEPS,
    "vaults": VAULTS,
    "words": WORDS,
}
