"""`leastkey export`: what a spec says, written for other tools. Offline, from the spec alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import DEFAULT_SPEC, output_options
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.show import Show
    from leastkey.iam.arn import AccountId
    from leastkey.spec.model import GithubUse, GitlabUse, Identity, Spec

__all__ = ["command"]

_SANDBOX: Final = "123456789012"
_FORMS: Final = {"github": "`- github: {repository: ...}`", "gitlab": "`- gitlab: {project: ...}`"}


@click.group("export")
def command() -> None:
    """Write what a spec says for other tools: offline, to stdout."""


@command.command(epilog="Example: leastkey export workflow deploy > .github/workflows/deploy.yml")
@click.argument("name", metavar="[IDENTITY]", required=False)
@click.option("--github", "service", flag_value="github", help="A workflow for GitHub Actions.")
@click.option("--gitlab", "service", flag_value="gitlab", help="A job for GitLab CI.")
@click.option("--number", type=click.IntRange(1), metavar="N", help="Which of several uses, from 1.")
@click.option("--account", metavar="ID", help="The role's account.  [default: `account` in the spec]")
@click.option("--spec", metavar="FILE", default=DEFAULT_SPEC, show_default=True, help="The spec file.")
@output_options
def workflow(
    show: Show, name: str | None, service: str | None, number: int | None, account: str | None, spec: str
) -> None:
    """Write a job of GitHub Actions or GitLab CI that wears the identity's role without any key.

    It has the least permissions that do, and carries the claims the role's trust asks for. No action of a third party is
    used. Without `--github` or `--gitlab` the spec decides.
    """
    from leastkey.cli.read_spec import one_identity, read_spec
    from leastkey.compile.project import compile_project
    from leastkey.export.github import github_workflow
    from leastkey.export.gitlab import gitlab_job
    from leastkey.export.job import Job
    from leastkey.iam.endpoints import partition_at
    from leastkey.plan.notes import duration
    from leastkey.spec.model import GithubUse

    read = read_spec(spec)
    identity = one_identity(read, name, "leastkey export workflow NAME")
    use = _use(identity, service, number)
    wanted = compile_project(read, _account(read, account), partition_at(read.region))
    made = next(each for each in wanted.identities if each.name == identity.name)
    job = Job(identity.name, str(made.role.arn), read.region, duration(made.session_seconds))
    text = github_workflow(job, use) if isinstance(use, GithubUse) else gitlab_job(job, use)
    show.document("export workflow", {"identity": identity.name, "role": job.role, "text": text})
    if not show.as_json:
        show.write(text)


def _use(identity: Identity, service: str | None, number: int | None) -> GithubUse | GitlabUse:
    """Give the use that is meant: of the one service asked for, and of several the one that is numbered."""
    from leastkey.spec.model import GithubUse, GitlabUse

    kinds: dict[str, type[GithubUse | GitlabUse]] = {"github": GithubUse, "gitlab": GitlabUse}
    asked = tuple(kinds.values()) if service is None else (kinds[service],)
    found: list[GithubUse | GitlabUse] = [use for use in identity.federated if isinstance(use, asked)]
    if not found:
        forms = _FORMS.values() if service is None else (_FORMS[service],)
        raise LeastkeyError(
            "usage",
            f"no job of {' or '.join(['GitHub', 'GitLab'] if service is None else [service])} uses `{identity.name}`",
            remedy=(f"under `used-by:` write {' or '.join(forms)}", "leastkey help keyless"),
        )
    if len(found) > 1 and number is None:
        raise LeastkeyError(
            "usage",
            f"{len(found)} jobs use `{identity.name}`",
            why=tuple(f"{count}  {use.wearer}" for count, use in enumerate(found, start=1)),
            remedy="name one: `--number 1`",
        )
    if (number or 1) > len(found):
        raise LeastkeyError(
            "usage", f"there is no use number {number}", remedy=f"from 1 to {len(found)}: `--number 1`"
        )
    return found[(number or 1) - 1]


def _account(spec: Spec, given: str | None) -> AccountId:
    from leastkey.iam.arn import ACCOUNT, AccountId

    if given is not None and not ACCOUNT.fullmatch(given):
        raise LeastkeyError(
            "usage", f"`{given}` is no AWS account", remedy="twelve digits, as in 111122223333"
        )
    if given is not None and spec.account not in (None, given):
        raise LeastkeyError(
            "wrong-account",
            f"the spec says account {spec.account}, not {given}",
            remedy="leave `--account` out",
        )
    account = given or spec.account or (_SANDBOX if spec.target == "sandbox" else None)
    if account is None:
        raise LeastkeyError(
            "usage",
            "the role's account is not known",
            why="this command asks nobody, and the spec names no account",
            remedy=("add `--account ID`", 'or to the spec: `account: "111122223333"`'),
        )
    return AccountId(account)
