"""`leastkey init --from-user NAME` and `--from-role NAME`: read, write the spec, tell the steps. Nothing is changed in AWS."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leastkey.cli.init.new_file import refuse_existing, write_all
from leastkey.cli.options import DEFAULT_SPEC
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.adopt.adoption import Adoption
    from leastkey.adopt.existing import Existing, Kind
    from leastkey.adopt.text import Wish
    from leastkey.cli.init.found import Flags
    from leastkey.cli.show import Show

__all__ = ["Old", "adopt_existing", "adopt_options", "old_of"]

_OPTIONS: Final = (
    click.option(
        "--from-user",
        metavar="NAME",
        help="Write the spec that would replace this IAM user; it is read, never changed.",
    ),
    click.option(
        "--from-role",
        metavar="NAME",
        help="Write the spec that would replace this IAM role; it is read, never changed.",
    ),
    click.option(
        "--admin-profile",
        metavar="NAME",
        help="AWS profile that may read IAM, with --from-user or --from-role.",
    ),
    click.option(
        "--allow-endpoint", metavar="URL", help="Trust this endpoint, with --from-user or --from-role."
    ),
)


@dataclass(frozen=True, slots=True)
class Old:
    """What is to be replaced, and how the account is reached."""

    kind: Kind
    name: str
    admin_profile: str | None
    allow_endpoint: str | None

    @property
    def option(self) -> str:
        """The option that named it."""
        return f"--from-{self.kind}"


def adopt_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name something made by hand."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def old_of(given: dict[str, Any]) -> Old | None:
    """Take those options out of a command's values. None where nothing is named. Raises LeastkeyError."""
    user, role = given.pop("from_user"), given.pop("from_role")
    profile, endpoint = given.pop("admin_profile"), given.pop("allow_endpoint")
    if user is not None and role is not None:
        raise LeastkeyError(
            "usage",
            "`--from-user` and `--from-role` stand together",
            why="one spec replaces one of them",
            remedy="run `leastkey init` twice, each with its own `--spec FILE`",
        )
    if user is None and role is None:
        for option, value in (("--admin-profile", profile), ("--allow-endpoint", endpoint)):
            if value is not None:
                raise LeastkeyError(
                    "usage",
                    f"`{option}` says nothing here: no account is read",
                    remedy=f"leave it out, or read a user: `leastkey init --from-user NAME {option} {value}`",
                )
        return None
    kind: Kind = "role" if user is None else "user"
    return Old(kind, _bare(role if user is None else user), profile, endpoint)


def _bare(name: str) -> str:
    """Give a name from a name or an ARN."""
    return name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] if name.startswith("arn:") else name


def adopt_existing(show: Show, flags: Flags, old: Old) -> None:
    """Read what was made by hand and write the spec that would replace it. Raises LeastkeyError."""
    from leastkey.adopt.adoption import adopt
    from leastkey.apply.read_existing import read_existing
    from leastkey.cli.administrator import Meant, administrator
    from leastkey.cli.init.found import region_to_ask, tell_region
    from leastkey.cli.init.specs_beside import projects_beside, tell_beside
    from leastkey.cli.machine import machine
    from leastkey.cli.progress import LineProgress

    _refuse_idle(flags, old)
    path = Path(flags.spec)
    refuse_existing(
        path, flags.spec, f"write another: `leastkey init {old.option} {old.name} --spec OTHER.yaml`"
    )
    wish = _wish(flags, path)
    tell_region(show, wish.region)
    connect, caller = administrator(
        machine(),
        Meant(
            target="sandbox" if flags.sandbox else "aws",
            region=region_to_ask(wish.region),
            account=flags.account,
            said_at="`--account`",
            profile=old.admin_profile,
            allow_endpoint=old.allow_endpoint,
        ),
    )
    show.talk(f"Reading account {caller.account} as {caller.arn}; nothing is changed there")
    existing, taken = read_existing(connect.iam(), caller.account, old.kind, old.name, LineProgress(show))
    if wish.is_project_given:
        tell_beside(show, path, wish.project)
    else:
        taken = replace(taken, projects=taken.projects | projects_beside(path).keys())
    adoption = adopt(existing, wish, taken)
    _write(flags.spec, path, adoption)
    _tell(show, flags, old, existing, adoption)


def _refuse_idle(flags: Flags, old: Old) -> None:
    """Refuse what the old user or role says already."""
    given = {"--allow": flags.allow, "--user": flags.user, "--service": flags.service}
    for option, value in given.items():
        if value:
            raise LeastkeyError(
                "usage",
                f"`{option}` stands beside `{old.option}`",
                why=f"what may be done and by whom is read from the {old.kind}",
                remedy=f"leave `{option}` out, and change the spec once it is written",
            )
    if flags.sandbox and (old.admin_profile or old.allow_endpoint):
        option = "--admin-profile" if old.admin_profile else "--allow-endpoint"
        raise LeastkeyError(
            "usage",
            f"`{option}` says nothing to the embedded AWS",
            why="leastkey is its administrator",
            remedy=f"leave `--sandbox` out, or `{option}`",
        )


def _wish(flags: Flags, path: Path) -> Wish:
    from leastkey.adopt.text import Wish
    from leastkey.cli.init.found import region_of
    from leastkey.cli.read_spec import default_project
    from leastkey.spec.starter import Starter, starter_spec

    project = flags.project or default_project(path)
    region, _ = region_of(flags, os.environ)
    # A flag that cannot stand in a spec is refused before anybody is asked.
    starter_spec(
        Starter(
            project=project,
            identity=flags.identity or "script",
            allow=("ec2:DescribeRegions",),
            region=region,
            output=flags.output,
            target=flags.target,
            account=flags.account,
        )
    )
    return Wish(
        project=project,
        is_project_given=flags.project is not None,
        identity=flags.identity,
        region=region,
        output=flags.output,
        target=flags.target,
    )


def _write(shown: str, path: Path, adoption: Adoption) -> None:
    """Write the documents, then the spec that names them: all of them, or none."""
    documents = [(path.parent / name, name, text) for name, text in adoption.files.items()]
    for each, name, _ in documents:
        refuse_existing(each, name, f"move it away, or write to another folder: `--spec FOLDER/{path.name}`")
    write_all([*documents, (path, shown, adoption.text)])


def _tell(show: Show, flags: Flags, old: Old, existing: Existing, adoption: Adoption) -> None:
    from leastkey.cli.init.adopt_view import document, tell_found, tell_spec

    chosen = {
        "--spec": None if flags.spec == DEFAULT_SPEC else flags.spec,
        "--admin-profile": old.admin_profile,
        "--allow-endpoint": old.allow_endpoint,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    tell_found(show, existing)
    show.document("init", document(flags.spec, existing, adoption, given))
    tell_spec(show, flags.spec, existing, adoption, given)
