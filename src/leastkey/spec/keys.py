"""Every key a spec can hold, by the table it stands in: the parser checks against it, the schema is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BOUNDARY",
    "FEDERATED",
    "GRANT_FORMS",
    "GRANT_LIMITS",
    "IDENTITY",
    "NAMES",
    "SPEC",
    "USES",
    "Key",
    "names_of",
]


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, what it says in a sentence, and whether its table must have it."""

    name: str
    says: str
    is_needed: bool = False


def names_of(keys: tuple[Key, ...]) -> tuple[str, ...]:
    """Give the names of keys, in their order."""
    return tuple(key.name for key in keys)


SPEC: Final = (
    Key("version", "The format of this file; there is one so far.", is_needed=True),
    Key("project", "Owner mark in AWS: a path and a tag. Left out: the folder's name."),
    Key("account", "Twelve digits in quotes: refuse to run anywhere else. Left out: any account."),
    Key("region", "The region that profiles get. Left out: us-east-1."),
    Key("output", "What the AWS CLI prints. Left out: json."),
    Key("target", "Where the spec is carried out: aws, or sandbox, the AWS that comes with leastkey."),
    Key("identities", "Each script by its name, which is also the name of its AWS profile.", is_needed=True),
)
IDENTITY: Final = (
    Key("description", "What the role is for, shown in the console."),
    Key("names", "Names in AWS. Left out: PROJECT-IDENTITY."),
    Key("allow", "What it may do; anything else is denied.", is_needed=True),
    Key("deny", "What it may never do: wins over allow."),
    Key("boundary", "A permissions boundary: never more than this, whatever is allowed."),
    Key("session", "How long its credentials live, from 15m to 12h. Left out: 1h."),
    Key("used-by", "Who may wear the role.", is_needed=True),
)
NAMES: Final = (
    Key("role", "The role's name."),
    Key("policy", "The policy's name; several are numbered."),
)
GRANT_FORMS: Final = (
    Key("actions", "Actions by name, with * and ? as in AWS."),
    Key("document", "A policy of your own in a file, seen from the spec's folder: taken as it is."),
    Key("managed", "A policy that AWS keeps, by name or ARN; not under deny."),
)
"""What a grant can be besides a service with access levels."""
GRANT_LIMITS: Final = (
    Key("on", "The resources it counts for: ARNs, or s3:// addresses in a grant about S3. Left out: all."),
    Key("when", "Conditions as in AWS: operator, key, value or list of values."),
)
BOUNDARY: Final = tuple(key for key in GRANT_FORMS if key.name != "actions")
USES: Final = {
    "user": (Key("user", "A user with a key on this computer; `- user` alone names it PROJECT-IDENTITY."),),
    "service": (Key("service", "An AWS service, such as ec2: no key is needed."),),
    "account": (
        Key("account", "Another account, by its twelve digits in quotes."),
        Key("external-id", "A long random word that both sides know.", is_needed=True),
    ),
    "github": (Key("github", "Jobs of GitHub Actions: no key is needed."),),
    "gitlab": (Key("gitlab", "Jobs of GitLab CI: no key is needed."),),
    "oidc": (Key("oidc", "One subject of any OpenID Connect issuer: no key is needed."),),
}
"""The keys of each form of a use, by the key that names the form."""

_REF_KEYS: Final = (
    Key("branch", "The one branch that is let in."),
    Key("tag", "The one tag that is let in."),
    Key("ref", "The branch or tag as git names it, such as refs/tags/v1."),
)
_AUDIENCE: Final = Key("audience", "Who the token is made for. Left out: sts.amazonaws.com.")
FEDERATED: Final = {
    "github": (
        Key("repository", "OWNER/NAME, in the letters GitHub shows.", is_needed=True),
        Key("repository-id", "The repository's number: nobody gets it again after a rename or deletion."),
        Key("owner-id", "The owner's number, which tokens of repositories made since July 2026 name too."),
        Key("environment", "The one environment of the repository that is let in."),
        *_REF_KEYS,
        Key("workflow", "The one workflow file that is let in, besides environment, branch or tag."),
        _AUDIENCE,
    ),
    "gitlab": (
        Key("project", "The project with its groups, GROUP/NAME.", is_needed=True),
        *_REF_KEYS,
        Key("issuer", "The site. Left out: https://gitlab.com."),
        _AUDIENCE,
    ),
    "oidc": (
        Key("issuer", "The issuer's URL, as its tokens name it.", is_needed=True),
        Key("audience", "Who the token is made for, in full.", is_needed=True),
        Key("subject", "The one subject that is let in, in full.", is_needed=True),
    ),
}
"""The keys of each form that shows a token."""
