"""A session of an identity, from the broker: the cache, else AssumeRole with the key from the vault."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from leastkey.aws.sts_direct import assume
from leastkey.broker.session import session_for
from leastkey.errors import LeastkeyError
from leastkey.keys.profile import repair_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.iam.credentials import SessionCredentials
    from leastkey.ports.binding import Binding
    from leastkey.ports.local import Local

__all__ = ["narrowed_session", "prepared", "saying_not_started", "session_of"]


def session_of(here: Machine, binding: Binding, *, is_lasting: bool = False) -> SessionCredentials:
    """Give a session. `is_lasting`: nobody can come back for another."""
    local = prepared(here, binding)
    # One that lasts is given with most of its life before it.
    least = binding.session_seconds * 0.75 if is_lasting else 0.0
    return session_for(binding, local, assume, least_seconds=least)


def narrowed_session(
    here: Machine, options: Options, binding: Binding, words: Sequence[str]
) -> SessionCredentials:
    """Give a session that may do what the words say and no more, proved to be less than the role."""
    from functools import partial
    from pathlib import Path

    from leastkey.broker.session import session_apart
    from leastkey.cli.read_spec import read_spec
    from leastkey.cli.wrap import counted
    from leastkey.compile.project import compile_project
    from leastkey.verify.narrow import narrowed

    if not options.spec_given and not Path(options.spec).exists():
        raise LeastkeyError(
            "usage",
            "`--only` needs the spec: it says what the role may do",
            remedy="`--spec FILE`, or run it where leastkey.yaml lies",
        )
    spec = read_spec(options.spec, sandbox=options.sandbox)
    wanted = compile_project(spec, binding.key.account, binding.partition)
    identity = next(each for each in wanted.identities if each.name == binding.key.identity)
    less = narrowed(words, identity, wanted, here.clock.now())
    kinds = f"{counted(less.asked, 'kind')} of requests"
    options.show.talk(f"Narrowed  {kinds}, each within the role")
    return session_apart(binding, prepared(here, binding), partial(assume, policy=less.document.text()))


def prepared(here: Machine, binding: Binding) -> Local:
    """Start the sandbox where the identity lives there, mend its profile, and give this computer."""
    if binding.target == "sandbox":
        from leastkey.cli.sandbox.door import sandbox_root

        sandbox_root(here, binding.key.account)
    local = here.local(here.vault_named(binding.vault))
    _repair(local)
    return local


def _repair(local: Local) -> None:
    """Mend profiles of ours, where there is a home folder that could hold them: a session needs none."""
    try:
        local.profiles.config_file  # noqa: B018  # it says that there is no home folder
    except LeastkeyError:
        return
    repair_profiles(local)


@contextlib.contextmanager
def saying_not_started(program: str) -> Iterator[None]:
    """Let errors of the block say that the program which waits for credentials was not started."""
    try:
        yield
    except LeastkeyError as error:
        raise error.again(state=f"no credentials were issued, {program} was not started") from None
