"""A project in an account, as the flows need it: spec, compiled entities, clients, and this computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.apply.local_state import project_of
from leastkey.cli.administrator import Meant, administrator
from leastkey.cli.machine import machine
from leastkey.cli.progress import LineProgress
from leastkey.cli.read_spec import read_spec
from leastkey.compile.project import compile_project
from leastkey.disk.config_lines import is_profile_name
from leastkey.errors import LeastkeyError
from leastkey.keys.profile import repair_profiles
from leastkey.ports.local import Local, ProjectKey, endpoint_key
from leastkey.spec.settings import region_caution

if TYPE_CHECKING:
    from leastkey.aws.connect import AwsConnect
    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.compile.wanted import Wanted
    from leastkey.plan.seen import Caller
    from leastkey.spec.model import Spec

__all__ = ["Project", "build"]


@dataclass(frozen=True, slots=True)
class Project:
    """A project in an account: spec, compiled entities, clients, and this computer."""

    options: Options
    spec: Spec
    wanted: Wanted
    connect: AwsConnect
    caller: Caller
    machine: Machine
    local: Local
    progress: LineProgress

    @property
    def key(self) -> ProjectKey:
        """What the project is called on this computer."""
        return project_of(self.wanted, self.endpoint_url)

    @property
    def endpoint_url(self) -> str | None:
        """Where AWS is asked, None for AWS's own."""
        return self.connect.endpoint_url


def build(options: Options, *, bare: bool = False) -> Project:
    """Read the spec, find the administrator and the account, compile, and open this computer's state.

    `bare`: nothing on this computer is mended on the way, and it may be without a vault.
    """
    spec = read_spec(options.spec, sandbox=options.sandbox)
    _refuse_idle(spec, options)
    here = machine()
    progress = LineProgress(options.show)
    if (caution := region_caution(spec.region)) is not None:
        options.show.marked("warning", "note", f"  {caution}")
    connect, caller = administrator(
        here,
        Meant(
            target=spec.target,
            region=spec.region,
            account=spec.account,
            said_at=f"{spec.account_place.file}:{spec.account_place.line}"
            if spec.account_place
            else spec.file,
            profile=options.admin_profile,
            allow_endpoint=options.allow_endpoint,
            vault=options.vault,
        ),
    )
    if caller.is_root and spec.target != "sandbox":
        options.show.marked("warning", "note", "  these are root credentials; an administrator role is safer")
    wanted = compile_project(
        spec,
        caller.account,
        caller.arn.partition,
        profile_names=_profile_names(spec, options) or _bound_profiles(here, spec, caller, connect),
    )
    local = here.local(here.any_vault(options, spec.target) if bare else here.vault(options, spec.target))
    if not bare:
        repair_profiles(local)
    return Project(options, spec, wanted, connect, caller, here, local, progress)


def _refuse_idle(spec: Spec, options: Options) -> None:
    """Refuse options that would do nothing in the embedded AWS: who gives one believes to be elsewhere."""
    given = {"--admin-profile": options.admin_profile, "--allow-endpoint": options.allow_endpoint}
    for name, value in given.items():
        if spec.target == "sandbox" and value is not None:
            raise LeastkeyError(
                "usage",
                f"`{name}` says nothing to the embedded AWS, and this is where the command would go",
                why="leastkey is its administrator"
                if options.sandbox
                else f"{spec.file} says `target: sandbox`",
                remedy=f"leave {'`--sandbox`' if options.sandbox else '`target: sandbox`'} out, or `{name}`",
            )


def _profile_names(spec: Spec, options: Options) -> dict[str, str] | None:
    if options.profile is None:
        return None
    names = [identity.name for identity in spec.identities if identity.user is not None]
    if len(names) != 1:
        raise LeastkeyError(
            "usage",
            "`--profile` names one profile, and the spec has "
            + (f"{len(names)} identities with a key" if names else "no identity with a key"),
            remedy="leave `--profile` out: each profile takes its identity's name",
        )
    if not is_profile_name(options.profile):
        raise LeastkeyError(
            "usage",
            f"`{options.profile}` cannot be the name of a profile",
            why="AWS's tools read it in different ways, or cannot read it at all",
            remedy="letters, digits, `.`, `_` and `-`, as in `--profile nightly`",
        )
    return {names[0]: options.profile}


def _bound_profiles(here: Machine, spec: Spec, caller: Caller, connect: AwsConnect) -> dict[str, str]:
    """Give the profiles identities have on this computer: a name chosen once with `--profile` stays."""
    endpoint = endpoint_key(spec.target, connect.endpoint_url)
    project = ProjectKey(caller.account, endpoint, spec.project)
    return {
        each.key.identity: each.profile
        for each in here.bindings.all()
        if each.profile is not None and project.holds(each.key)
    }
