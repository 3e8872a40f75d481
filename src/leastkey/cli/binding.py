"""Which identity of this computer is meant: a name, the spec, the account and the endpoint decide."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.cli.read_spec import one_identity, read_spec
from leastkey.errors import LeastkeyError
from leastkey.spec.model import AccountUse, ServiceUse, UserUse

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.ports.binding import Binding
    from leastkey.spec.model import Identity, Spec, Use

__all__ = ["binding_of", "wearer_of"]

_OTHER_TARGET: Final[dict[str, tuple[str, ...]]] = {
    "aws": ("in the embedded AWS it is set up: add `--sandbox`",),
    "sandbox": ("on AWS it is set up: leave `--sandbox` out, or write `target: aws`",),
}


def binding_of(here: Machine, options: Options, name: str | None, how: str) -> Binding:
    """Give the binding of an identity on this computer. No AWS call is made.

    With a spec file, NAME is one of its identities, and its project, target and account count. Without one, NAME is
    an identity or a profile of this computer. `how` is the command that names one of several.
    """
    bound = here.bindings.all()
    if options.spec_given or Path(options.spec).exists():
        spec = read_spec(options.spec, sandbox=options.sandbox)
        identity = one_identity(spec, name, how)
        found = [binding for binding in bound if _belongs(binding, spec, identity)]
        if not found:
            elsewhere = any(
                (each.key.project, each.key.identity) == (spec.project, identity.name) for each in bound
            )
            raise _not_set_up(
                identity.name,
                wearers=() if identity.user is not None else tuple(map(wearer_of, identity.used_by)),
                elsewhere=_OTHER_TARGET[spec.target] if elsewhere else (),
            )
        return _one(found, identity.name)
    if name is not None:
        found = [binding for binding in bound if name in {binding.key.identity, binding.profile}]
        if not found:
            raise _not_set_up(name)
        return _one(found, name)
    if not bound:
        raise _not_set_up(None)
    return _one(list(bound), None)


def _belongs(binding: Binding, spec: Spec, identity: Identity) -> bool:
    key = binding.key
    return (
        key.project == spec.project
        and key.identity == identity.name
        and binding.target == spec.target
        and spec.account in {None, key.account}
    )


def _one(found: list[Binding], name: str | None) -> Binding:
    """Give the only one; among several endpoints the one in `AWS_ENDPOINT_URL` is meant."""
    if len(found) > 1:
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
        here = [each for each in found if (each.endpoint_url or "").rstrip("/") == endpoint]
        found = here or found
    if len(found) == 1:
        return found[0]
    raise LeastkeyError(
        "usage",
        f"`{name}` is set up more than once on this computer"
        if name
        else "several identities are set up here",
        why=tuple(
            f"{each.key.identity}  project {each.key.project}, account {each.key.account}, "
            f"{each.key.endpoint or 'AWS'}"
            for each in found
        ),
        state="no credentials were issued",
        remedy="name the identity, and its spec: `--spec FILE`; pin `account:` in the spec where it is in several",
    )


def wearer_of(use: Use) -> str:
    """Say who wears a role, in a few words."""
    match use:
        case AccountUse():
            return f"account {use.account}"
        case ServiceUse():
            return f"the service {use.service}"
        case UserUse():
            return "a user"
        case _:
            return use.wearer


def _not_set_up(
    name: str | None, *, wearers: tuple[str, ...] = (), elsewhere: tuple[str, ...] = ()
) -> LeastkeyError:
    if wearers:
        return LeastkeyError(
            "not-set-up",
            f"`{name}` has no key here: its role is worn by {' and '.join(wearers)}",
            state="no credentials were issued",
            remedy="leastkey help keyless",
        )
    what = f"`{name}` is not set up on this computer" if name else "no identity is set up on this computer"
    return LeastkeyError(
        "not-set-up", what, state="no credentials were issued", remedy=("leastkey up", *elsewhere)
    )
