"""The spec as frozen values. Every grant keeps its place, so that plans, verdicts and errors can point at its line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from leastkey.iam.arn import AccountId
    from leastkey.iam.document import PolicyDocument
    from leastkey.iam.statement import Condition

__all__ = [
    "AccountUse",
    "ActionsGrant",
    "Boundary",
    "DocumentGrant",
    "FederatedUse",
    "GithubUse",
    "GitlabUse",
    "Grant",
    "Identity",
    "Level",
    "LevelGrant",
    "ManagedGrant",
    "Names",
    "OidcUse",
    "Place",
    "ServiceUse",
    "Spec",
    "Target",
    "Use",
    "UserUse",
    "shown_ref",
]

Target = Literal["aws", "sandbox"]


class Level(StrEnum):
    """AWS's access levels, and `full` for `service:*`. Source: Service Authorization Reference, "Access levels"."""

    LIST = "list"
    READ = "read"
    WRITE = "write"
    TAGGING = "tagging"
    PERMISSIONS = "permissions"
    FULL = "full"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a value stands: file as the user named it, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class LevelGrant:
    """`- s3: [list, read]` with `on:` and `when:`. `on` empty means every resource of the service."""

    service: str
    levels: tuple[Level, ...]
    on: tuple[str, ...]
    when: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class ActionsGrant:
    """`- actions: [...]`, each `service:Action`, wildcards as written. `on` empty means `*`."""

    actions: tuple[str, ...]
    on: tuple[str, ...]
    when: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class DocumentGrant:
    """`- document: FILE`, a raw AWS identity policy, already read and parsed."""

    path: str
    document: PolicyDocument
    place: Place


@dataclass(frozen=True, slots=True)
class ManagedGrant:
    """`- managed: NAME`, an AWS-managed policy by name or ARN."""

    name: str
    place: Place


Grant = LevelGrant | ActionsGrant | DocumentGrant | ManagedGrant


@dataclass(frozen=True, slots=True)
class Boundary:
    """A permissions boundary: an AWS-managed policy by name, or a document of the project's own."""

    managed: str | None
    document: DocumentGrant | None
    place: Place


@dataclass(frozen=True, slots=True)
class UserUse:
    """A workload outside AWS: an IAM user whose long-lived key can only assume the role. `name` None: the default."""

    name: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """An AWS service that wears the role; `ec2` gets an instance profile."""

    service: str
    place: Place


@dataclass(frozen=True, slots=True)
class AccountUse:
    """Another account, always with an external id."""

    account: AccountId
    external_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class GithubUse:
    """A job of GitHub Actions. `ref` is whole (`refs/heads/main`), `workflow` the file with repository and ref.

    `environment` or `ref` is there. With `owner_id` there is a `repository_id`.
    """

    repository: str
    repository_id: str | None
    owner_id: str | None
    environment: str | None
    ref: str | None
    workflow: str | None
    audience: str
    place: Place

    @property
    def wearer(self) -> str:
        """Say who it is in a few words."""
        parts = [f"environment {self.environment}"] if self.environment is not None else []
        parts += [shown_ref(self.ref)] if self.ref is not None else []
        parts += [f"workflow {self.workflow}"] if self.workflow is not None else []
        return f"GitHub {self.repository} ({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class GitlabUse:
    """A job of GitLab CI, on GitLab's own site or another one. `ref` is whole, as in `refs/heads/main`."""

    project: str
    ref: str
    issuer: str
    audience: str
    place: Place

    @property
    def wearer(self) -> str:
        """Say who it is in a few words."""
        return f"GitLab {self.project} ({shown_ref(self.ref)})"


@dataclass(frozen=True, slots=True)
class OidcUse:
    """One subject of any OpenID Connect issuer."""

    issuer: str
    audience: str
    subject: str
    place: Place

    @property
    def wearer(self) -> str:
        """Say who it is in a few words."""
        return f"{self.subject} of {self.issuer}"


FederatedUse = GithubUse | GitlabUse | OidcUse
"""A workload that shows a token of an OpenID Connect issuer, and has no key."""

Use = UserUse | ServiceUse | AccountUse | FederatedUse


def shown_ref(ref: str) -> str:
    """Give a whole ref in words: `branch main`, `tag v1`."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    return f"{'tag' if kind == 'tags' else 'branch'} {name}"


@dataclass(frozen=True, slots=True)
class Names:
    """Names the user chose; None means the default PROJECT-IDENTITY."""

    role: str | None = None
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """One script's identity: what it may do and who may wear it."""

    name: str
    description: str
    names: Names
    allow: tuple[Grant, ...]
    deny: tuple[Grant, ...]
    boundary: Boundary | None
    session_seconds: int
    used_by: tuple[Use, ...]
    place: Place

    @property
    def federated(self) -> tuple[FederatedUse, ...]:
        """The workloads that show a token instead of a key."""
        return tuple(use for use in self.used_by if isinstance(use, FederatedUse))

    @property
    def user(self) -> UserUse | None:
        """The one user, if a workload needs a long-lived key."""
        return next((use for use in self.used_by if isinstance(use, UserUse)), None)


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole spec file. `account` None: any account will do."""

    file: str
    project: str
    account: AccountId | None
    account_place: Place | None
    region: str
    output: str
    target: Target
    identities: tuple[Identity, ...]
    text: str
