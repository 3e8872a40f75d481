"""`leastkey rotate`: a new key for an identity, so that the profile never fails, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from leastkey.cli.options import project_options
from leastkey.cli.span import SPAN
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from leastkey.cli.options import Options
    from leastkey.cli.wiring import Project
    from leastkey.keys.rotation import Rotated
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local

__all__ = ["command"]


@click.command(
    "rotate", epilog="Examples: leastkey rotate nightly, leastkey rotate --all --older-than 60d --yes"
)
@click.argument("identity", metavar="[NAME]", required=False)
@click.option("--all", "every", is_flag=True, help="Every identity of the spec that has a key here.")
@click.option("--older-than", type=SPAN, default=0, metavar="SPAN", help="Only keys that old, such as 60d.")
@click.option(
    "--grace",
    type=SPAN,
    default="24h",
    show_default=True,
    metavar="SPAN",
    help="How long an old key is kept, switched off; 0s deletes it at once.",
)
@click.option("--undo", is_flag=True, help="Go back to the old key while it is there; the new one goes.")
@project_options
def command(
    options: Options, identity: str | None, *, every: bool, older_than: int, grace: int, undo: bool
) -> None:
    """Replace the key of an identity: the new one is stored and proved before the profile uses it.

    The old key is switched off, kept for its grace and deleted by the next `rotate`, `up` or `apply` after that, unless
    somebody used it. A rotation that was cut off is finished first, by any of these.
    """
    from leastkey.apply.rotate import Order, rotate_keys
    from leastkey.cli.planning import who_and_where
    from leastkey.cli.wiring import build

    if every and identity is not None:
        raise LeastkeyError(
            "usage", "`--all` and a name say different things", remedy="leastkey rotate --all"
        )
    if undo and older_than:
        raise LeastkeyError(
            "usage", "`--undo` has no use for `--older-than`", remedy="leastkey rotate --undo"
        )
    project = build(options)
    chosen = _chosen(project, identity, every=every)
    show = options.show
    show.talk(who_and_where(project))
    _agree(project, [binding for binding, _ in chosen], undo=undo)
    done = rotate_keys(project.key, chosen, Order(grace, older_than, undo), project.connect, project.progress)
    names = [binding.key.identity for binding, _ in chosen]
    show.document("rotate", {"identities": list(map(_as_json, names, done))})
    for name, rotated in zip(names, done, strict=True):
        show.data(f"{name}: {_words(rotated)}")
    kept = [name for name, rotated in zip(names, done, strict=True) if rotated.kept is not None]
    if kept:
        which = " --all" if every else f" {kept[0]}" if len(project.wanted.identities) > 1 else ""
        show.data(f"Back to the old key: leastkey rotate{which} --undo{options.again('rotate')}")


def _chosen(project: Project, name: str | None, *, every: bool) -> list[tuple[Binding, Local]]:
    """Give the identities that are meant, each with this computer as it stores their new key."""
    from leastkey.cli.planning import look
    from leastkey.cli.read_spec import one_identity
    from leastkey.plan.revoked import restore_command, revoked_identities

    spec = project.spec
    named = spec.identities if every else (one_identity(spec, name, "leastkey rotate NAME"),)
    found: list[tuple[Binding, Local]] = []
    revoked = revoked_identities(project.wanted, look(project))
    for identity in named:
        if identity.name in revoked:
            if not every:
                raise LeastkeyError(
                    "revoked",
                    f"`{identity.name}` is revoked: it gets no key",
                    remedy=f"{restore_command(identity.name)}{project.options.again('revoke')}",
                )
            continue
        if identity.user is None:
            if not every:
                raise LeastkeyError(
                    "not-set-up",
                    f"`{identity.name}` has no key to rotate: its role is worn without one",
                    remedy="leastkey help keyless",
                )
            continue
        binding = project.local.bindings.get(project.key.binding(identity.name))
        if binding is None or binding.access_key is None:
            if not every:
                raise LeastkeyError(
                    "not-set-up", f"`{identity.name}` has no key on this computer", remedy="leastkey up"
                )
            continue
        found.append((binding, _with_vault(project, binding)))
    if not found:
        raise LeastkeyError(
            "not-set-up", "no identity of the spec has a key on this computer", remedy="leastkey up"
        )
    return found


def _with_vault(project: Project, binding: Binding) -> Local:
    """Give this computer with the vault for the new key: the one that was named, else the old key's own."""
    if project.options.vault is not None:
        return project.local
    return replace(project.local, vault=project.machine.vault_named(binding.vault))


def _agree(project: Project, bindings: list[Binding], *, undo: bool) -> None:
    from leastkey.cli.ask import TerminalPrompter

    options = project.options
    users = ", ".join(f"`{binding.user}`" for binding in bindings)
    keys = "key" if len(bindings) == 1 else "keys"
    question = f"Go back to the old {keys} of {users}?" if undo else f"Replace the {keys} of {users}?"
    if not TerminalPrompter(options.show, yes=options.yes).confirm(question, flag="leastkey rotate --yes"):
        raise LeastkeyError("declined", "declined", remedy=f"leastkey rotate{options.again('rotate')}")


def _words(rotated: Rotated) -> str:
    from leastkey.iam.credentials import shown

    key, before = shown(rotated.key), shown(rotated.before)
    match rotated.outcome:
        case "not-due":
            return f"{key} is younger than asked for: kept"
        case "undone":
            return (
                f"{key} is in use, the new key is gone"
                if key == before
                else f"{key} is in use again, {before} is gone"
            )
        case "finished":
            begun = f"an earlier rotation is finished: {key} is in use"
        case "rotated":
            begun = f"{before} is replaced by {key}, stored and proved"
    if rotated.kept is None or rotated.since is None:
        return f"{begun}; the old key is deleted"
    from datetime import timedelta

    until = rotated.since + timedelta(seconds=rotated.grace_seconds)
    return f"{begun}; {shown(rotated.kept)} is switched off and kept until {until:%Y-%m-%d %H:%M} UTC"


def _as_json(name: str, rotated: Rotated) -> dict[str, Any]:
    from datetime import timedelta

    kept = None
    if rotated.kept is not None and rotated.since is not None:
        until = rotated.since + timedelta(seconds=rotated.grace_seconds)
        kept = {"key": rotated.kept, "until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {
        "identity": name,
        "outcome": rotated.outcome,
        "key": rotated.key,
        "before": rotated.before,
        "kept": kept,
    }
