"""`leastkey revoke`: cut all access of an identity at once, and keep it cut until somebody restores it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import click

from leastkey.cli.options import project_options
from leastkey.errors import Exit, LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leastkey.apply.revoke import Cut, Revocation
    from leastkey.cli.options import Options
    from leastkey.cli.wiring import Project
    from leastkey.compile.wanted import WantedIdentity

__all__ = ["command"]


@click.command("revoke", epilog="Example: leastkey revoke nightly --yes")
@click.argument("identity", metavar="NAME")
@click.option("--restore", is_flag=True, help="Let it work again, without the keys and sessions it had.")
@project_options
def command(options: Options, identity: str, *, restore: bool) -> int:
    """Cut all access of an identity: keys off, sessions dead, secret gone from here, and what its keys did.

    It stays so, for every computer and through every `up`, until `--restore`.
    """
    from leastkey.cli.planning import who_and_where
    from leastkey.cli.read_spec import one_identity
    from leastkey.cli.wiring import build

    project = build(options, bare=True)
    one_identity(project.spec, identity)
    wanted = next(each for each in project.wanted.identities if each.name == identity)
    options.show.talk(who_and_where(project))
    work = _revocation(project, wanted)
    return _restored(project, wanted, work) if restore else _revoked(project, wanted, work)


def _revocation(project: Project, wanted: WantedIdentity) -> Revocation:
    from leastkey.apply.revoke import Revocation, Target
    from leastkey.keys.work import UserKeys

    user = None if wanted.user is None else wanted.user.name
    iam = project.connect.iam()
    keys = UserKeys(
        user or "",
        project.key.binding(wanted.name),
        iam,
        project.local,
        uuid4().hex[:12],
        project.progress,
    )
    bound = project.local.bindings.all()
    return Revocation(
        Target(wanted.name, user, wanted.role.name), iam, project.connect.admin_sts(), keys, bound
    )


def _revoked(project: Project, wanted: WantedIdentity, work: Revocation) -> int:
    from leastkey.apply.trace import regions_of, trace
    from leastkey.cli.revoke_view import cut_document, show_trace, trace_document

    show, options = project.options.show, project.options
    others = _other_wearers(wanted)
    if others:
        show.warn(f"its role is also worn by {' and '.join(others)}: that stops as well")
    _agree(
        options,
        f"Cut all access of `{wanted.name}` in account {project.caller.account}?",
        f"leastkey revoke {wanted.name} --yes",
    )
    cut = work.revoke()
    regions = regions_of(project.wanted.partition, project.wanted.region)
    show.talk(f"Asking CloudTrail in {' and '.join(regions)} what {_whose(wanted)} did")
    deeds = trace(project.connect, regions, cut.keys, wanted.name, wanted.role.name)
    show.document(
        "revoke",
        {
            "identity": wanted.name,
            "account": project.caller.account,
            **cut_document(cut),
            "trail_regions": list(regions),
            "trail": trace_document(deeds),
        },
    )
    show_trace(show, deeds, regions, _whose(wanted))
    if cut.failed:
        half = _half(cut, wanted.name, options.again("revoke"))
        show.error(half)
        return int(half.exit_code)
    show.data(f"`{wanted.name}` is revoked, and stays so through every `leastkey up`.")
    got_out = (
        "how the key got out, and what was reached with it"
        if wanted.user
        else "what was reached with its sessions"
    )
    show.data(f"Find out {got_out}.")
    show.data("After that it may work again:")
    show.data(
        f"Next: leastkey revoke {wanted.name} --restore{options.again('revoke')} && leastkey up{options.again('up')}"
    )
    return int(Exit.OK)


def _restored(project: Project, wanted: WantedIdentity, work: Revocation) -> int:
    from leastkey.apply.observe import seen_entities
    from leastkey.iam.credentials import shown

    options, show = project.options, project.options.show
    seen = seen_entities(project.connect)
    if not work.is_in_force(seen, project.wanted.project):
        _tell_restored(project, wanted, ())
        show.data(f"Already restored: `{wanted.name}` is not revoked.")
        show.data(f"Next: leastkey status{options.again('status')}")
        return int(Exit.OK)
    _agree(
        options,
        f"Let `{wanted.name}` work again, and delete the keys that were switched off?",
        f"leastkey revoke {wanted.name} --restore --yes",
    )
    deleted = work.restore(seen, project.wanted.project)
    _tell_restored(project, wanted, deleted)
    for key in deleted:
        show.data(f"deleted the key {shown(key)}, which was switched off")
    show.data(f"`{wanted.name}` is no longer revoked. Sessions given out before now stay cut.")
    show.data(f"Next: leastkey up{options.again('up')}      (makes a new key)")
    return int(Exit.OK)


def _tell_restored(project: Project, wanted: WantedIdentity, deleted: Sequence[str]) -> None:
    facts = {"identity": wanted.name, "account": project.caller.account, "revoked": False}
    project.options.show.document("revoke", {**facts, "deleted_keys": list(deleted)})


def _agree(options: Options, question: str, flag: str) -> None:
    from leastkey.cli.ask import TerminalPrompter

    if not TerminalPrompter(options.show, yes=options.yes).confirm(question, flag=flag):
        raise LeastkeyError("declined", "declined", remedy="see how it stands: `leastkey status`")


def _half(cut: Cut, identity: str, again: str) -> LeastkeyError:
    """Give the error for a revocation that could not be made whole, told after the one document is written."""
    return LeastkeyError(
        "revoke-incomplete",
        f"{len(cut.failed)} of {len(cut.steps)} steps to revoke `{identity}` failed",
        why=tuple(f"{step.noun} {step.name}: {step.fault}" for step in cut.failed),
        state="all other steps are in force",
        remedy=f"put that right, then: `leastkey revoke {identity}{again}`",
    )


def _whose(wanted: WantedIdentity) -> str:
    return "its sessions" if wanted.user is None else "its keys"


def _other_wearers(wanted: WantedIdentity) -> list[str]:
    from leastkey.cli.binding import wearer_of
    from leastkey.spec.model import UserUse

    return [wearer_of(use) for use in wanted.spec.used_by if not isinstance(use, UserUse)]
