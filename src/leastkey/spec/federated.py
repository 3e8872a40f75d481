"""`- github:`, `- gitlab:`, `- oidc:`: workloads that show a token of an OpenID Connect issuer, each named in full.

What would let in more than one of them is refused here, where its place in the file is known; `iam/wide_trust.py` looks
at the compiled policy once more. Source: GitHub Docs, "OpenID Connect reference"; GitLab Docs, "OpenID Connect (OIDC)
Authentication Using ID Tokens"; IAM User Guide, "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.iam.issuers import AUDIENCE, BUILT_IN, GITHUB, GITLAB, TELLING_CLAIMS, host_of
from leastkey.iam.wide_trust import names_no_ref
from leastkey.spec.faults import invalid, shown, wide
from leastkey.spec.fields import EXAMPLES, check_keys, needed, table_of, text_of
from leastkey.spec.keys import FEDERATED, names_of
from leastkey.spec.model import GithubUse, GitlabUse, OidcUse
from leastkey.spec.refs import read_ref
from leastkey.spec.token_values import (
    AUDIENCES,
    ENVIRONMENT,
    ISSUER,
    NUMBER,
    PATH,
    REPOSITORY,
    SUBJECT,
    exact,
)
from leastkey.spec.yaml_nodes import Table, Text

if TYPE_CHECKING:
    from leastkey.errors import LeastkeyError
    from leastkey.spec.model import FederatedUse, Place
    from leastkey.spec.yaml_nodes import Node

__all__ = ["WORKFLOW", "read_federated", "unnarrowed"]

_EVERYBODY: Final = {
    "github": "every job of every repository on GitHub shows a token of the same issuer",
    "gitlab": "every job of every project on GitLab shows a token of the same issuer",
    "oidc": "every token of the issuer would be taken",
}
_OPERATOR: Final = re.compile(r"(?i)^(ForAllValues:.*|ForAnyValue:.*|.*IfExists|when)$")
WORKFLOW: Final = re.compile(
    r"(?!.*\$\{)(?:([\w-]+/[\w.-]+)/)?(\.github/workflows/[\w.-]+\.ya?ml)(@(?:refs/(?:heads|tags)/[!-)+->@-~]+|[0-9a-f]{40}))?",
    re.ASCII,
)
"""A workflow's file, before it perhaps its repository, after it perhaps its ref."""
_NO_KEYS: Final = {
    "project-id": "AWS makes no condition key of GitLab's project_id",
    "environment": "AWS makes no condition key of GitLab's environment",
}


def read_federated(form: Text, node: Node) -> FederatedUse:
    """Read what stands under `github`, `gitlab` or `oidc`. Raises LeastkeyError."""
    name = form.value
    if isinstance(node, Table) and not node.entries:
        raise unnarrowed(form)
    table = table_of(node, name)
    _refuse_operators(table)
    match name:
        case "github":
            return _github(form, table)
        case "gitlab":
            return _gitlab(form, table)
        case _:
            return _oidc(form, table)


def unnarrowed(form: Text) -> LeastkeyError:
    """Give the error for a use that names nobody."""
    return wide(
        form.place,
        f"`{form.value}` without any condition lets everybody in",
        why=_EVERYBODY[form.value],
        remedy=f"as in `{EXAMPLES[form.value]}`",
    )


def _github(form: Text, table: Table) -> GithubUse:
    check_keys(table, names_of(FEDERATED["github"]), "a use by github")
    if table.find("repository") is None:
        if table.find("workflow") is not None:
            raise wide(
                form.place,
                "a workflow's name alone lets every repository in that has one of this name",
                why="anybody can call a workflow so",
                remedy=f"name the repository: `{EXAMPLES['repository']}`",
            )
        raise wide(
            form.place,
            "without `repository` any repository on GitHub is let in",
            why=_EVERYBODY["github"],
            remedy=f"name it: `{EXAMPLES['repository']}`",
        )
    repository = exact(needed(table, "repository", "a use by github"), "repository", REPOSITORY)
    environment = table.find("environment")
    ref = read_ref(table)
    if environment is None and ref is None:
        raise wide(
            form.place,
            f"every branch, tag and pull request of `{repository}` is let in",
            why="whoever may push any branch could change what runs",
            remedy=("name one: `environment: production`, `branch: main` or `tag: v1`",),
        )
    repository_id, owner_id = table.find("repository-id"), table.find("owner-id")
    if owner_id is not None and repository_id is None:
        raise invalid(
            form.place,
            "`owner-id` stands without a `repository-id`",
            remedy="GitHub puts both into a token: `gh api repos/OWNER/NAME --jq '.owner.id, .id'`",
        )
    return GithubUse(
        repository=repository,
        repository_id=None if repository_id is None else exact(repository_id, "repository-id", NUMBER),
        owner_id=None if owner_id is None else exact(owner_id, "owner-id", NUMBER),
        environment=None if environment is None else exact(environment, "environment", ENVIRONMENT),
        ref=ref,
        workflow=_workflow(table, repository, ref),
        audience=_audience(table),
        place=form.place,
    )


def _workflow(table: Table, repository: str, ref: str | None) -> str | None:
    """Give a workflow file as the claim job_workflow_ref names it: with its repository and ref."""
    node = table.find("workflow")
    if node is None:
        return None
    text = text_of(node, "workflow")
    found = WORKFLOW.fullmatch(text.value)
    if found is None:
        raise wide(
            text.place,
            f"`{shown(text.value)}` is no workflow file, and a workflow's name is anybody's to choose",
            why="a token names the file, its repository and its ref: no part of it may be left open",
            remedy=(
                f"the file: `{EXAMPLES['workflow']}`",
                "or a shared one: `workflow: acme/ci/.github/workflows/deploy.yml@refs/heads/main`",
            ),
        )
    home, file, at = found.groups()
    if at is None and home is None and ref is not None:
        at = f"@{ref}"
    if at is None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` does not say of which branch or tag the workflow is",
            remedy=f"`workflow: {home or repository}/{file}@refs/heads/main`",
        )
    return f"{home or repository}/{file}{at}"


def _gitlab(form: Text, table: Table) -> GitlabUse:
    for key, _ in table.entries:
        if key.value in _NO_KEYS:
            raise invalid(
                key.place,
                f"`{key.value}` cannot be asked of a token of GitLab",
                why=(_NO_KEYS[key.value], "its keys are `sub` and `aud`"),
                remedy="leave it out, and protect the branch or tag that is let in",
            )
    check_keys(table, names_of(FEDERATED["gitlab"]), "a use by gitlab")
    if table.find("project") is None:
        raise wide(
            form.place,
            "without `project` any project on GitLab is let in",
            why=_EVERYBODY["gitlab"],
            remedy="name it: `project: acme/reports`",
        )
    project = exact(needed(table, "project", "a use by gitlab"), "project", PATH)
    ref = read_ref(table)
    if ref is None:
        raise wide(
            form.place,
            f"every branch and tag of `{project}` is let in",
            why="whoever may push any branch could change what runs",
            remedy="name one: `branch: main` or `tag: v1`",
        )
    issuer = table.find("issuer")
    return GitlabUse(
        project=project,
        ref=ref,
        issuer=GITLAB if issuer is None else _issuer(issuer, ("gitlab.com",)),
        audience=_audience(table),
        place=form.place,
    )


def _oidc(form: Text, table: Table) -> OidcUse:
    check_keys(table, names_of(FEDERATED["oidc"]), "a use by oidc")
    issuer = _issuer(needed(table, "issuer", "a use by oidc"))
    if table.find("subject") is None:
        raise wide(
            form.place,
            f"without `subject` every token of {issuer} is taken",
            why="the subject is what tells one workload from another",
            remedy=f"name it in full: `{EXAMPLES['subject']}`",
        )
    if table.find("audience") is None:
        raise wide(
            form.place,
            "without `audience` tokens are taken that were made for somebody else",
            why="who gets such a token in good faith could show it to AWS",
            remedy=f"name it in full: `{EXAMPLES['audience']}`",
        )
    audience = _audience(table)
    if TELLING_CLAIMS.get(host_of(issuer)) == "aud" and audience == AUDIENCE:
        raise wide(
            needed(table, "audience", "a use by oidc").place,
            f"`{audience}` is every organization's on {host_of(issuer)}",
            why="many share this issuer, and the audience alone tells them apart",
            remedy="the audience that names your organization there",
        )
    node = needed(table, "subject", "a use by oidc")
    subject = exact(node, "subject", SUBJECT)
    if names_no_ref(subject):
        raise wide(
            node.place,
            f"`{shown(subject)}` names no branch, tag or environment: every one of them is let in",
            why="whoever may push any branch, or open a pull request, could change what runs",
            remedy="a subject that names one, as in `repo:acme/reports:environment:production`",
        )
    return OidcUse(
        issuer=issuer,
        audience=audience,
        subject=subject,
        place=form.place,
    )


def _issuer(node: Node, own: tuple[str, ...] = ()) -> str:
    """Give an issuer as its tokens name it. Those that have a form of their own are written in it."""
    issuer = exact(node, "issuer", ISSUER)
    host = host_of(issuer)
    for form, url in (("github", GITHUB), ("gitlab", GITLAB)):
        if host.removeprefix("vs") == host_of(url) and host not in own:
            raise wide(
                node.place,
                f"many organizations share {host}, and `oidc` does not know what tells them apart",
                why=f"`{form}` does: it asks for repository or project, and branch, tag or environment",
                remedy=f"as in `{EXAMPLES[form]}`",
            )
    if host in BUILT_IN:
        raise invalid(
            node.place,
            f"{host} is built into AWS, and takes no identity provider",
            why="its condition keys stand for other claims than elsewhere",
            remedy="use an issuer of your own, or `- github:` or `- gitlab:`",
        )
    return issuer


def _audience(table: Table) -> str:
    node = table.find("audience")
    return AUDIENCE if node is None else exact(node, "audience", AUDIENCES)


def _refuse_operators(table: Table) -> None:
    for key, _ in table.entries:
        if _OPERATOR.fullmatch(key.value):
            raise _operator(key.value, key.place)


def _operator(name: str, place: Place) -> LeastkeyError:
    return wide(
        place,
        f"`{shown(name)}` is no way to say who is let in",
        why="ForAllValues and ...IfExists hold where a token lacks the claim altogether",
        remedy="name the claims themselves, each with one value: they are asked for with StringEquals",
    )
