"""The work behind `leastkey key`: which vault, which message, which key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from leastkey.aws.connect import connect_as
from leastkey.cli.ask import TerminalPrompter
from leastkey.cli.known_vaults import known_vaults, opened
from leastkey.cli.machine import machine
from leastkey.cli.progress import LineProgress
from leastkey.cli.read_spec import one_identity
from leastkey.cli.wiring import build
from leastkey.compile.wanted import WantedProfile
from leastkey.disk.sent_keys import FileSentKeys
from leastkey.disk.vault_files import VaultFiles
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKey
from leastkey.keys.helper import check_helper
from leastkey.keys.message import read_fields
from leastkey.keys.receive import receive_key
from leastkey.keys.send import Sending, send_key
from leastkey.keys.work import work_on
from leastkey.spec.parse import DEFAULT_OUTPUT
from leastkey.vault.choose import choose_vault
from leastkey.vault.sealed import sealed_for

if TYPE_CHECKING:
    from leastkey.cli.machine import Machine
    from leastkey.cli.options import Options
    from leastkey.ports.binding import Binding
    from leastkey.ports.sending import SentKey
    from leastkey.secret import Secret
    from leastkey.vault.age_file import AgeFile

__all__ = ["read_message", "received", "sent_to", "vault_for_request"]

_MOST_BYTES: Final = 65_536
_HEAD: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"


def vault_for_request(options: Options) -> AgeFile:
    """Choose the vault that keeps a one-time identity, and the key that comes: as for any new key."""
    here = machine()
    vault = choose_vault(options.vault, VaultFiles(here.home), remembered=here.settings.vault("aws"))
    here.settings.remember_vault("aws", vault.name)  # where the message is looked for when it comes
    return vault


def sent_to(options: Options, identity: str | None, recipient: str, *, again: bool) -> SentKey:
    """Make the key for a recipient, or find the one it has not used yet."""
    project = build(options)
    meant = one_identity(project.spec, identity, f"leastkey key send NAME --to {recipient}")
    binding = project.local.bindings.get(project.key.binding(meant.name))
    if binding is None or not binding.user:
        raise LeastkeyError(
            "not-set-up",
            f"`{meant.name}` has no user with a key yet",
            state="no key was made",
            remedy="leastkey up",
        )
    work = work_on(
        binding, project.connect.iam(), project.connect.sts, project.local, uuid4().hex[:12], project.progress
    )
    try:
        sealed_for(recipient, {}, {})
    except ValueError as error:
        raise LeastkeyError(
            "usage",
            f"a key cannot be sent to `{recipient[:80]}`",
            why=f"{error}, as `leastkey key request` prints it on the other computer",
            state="no key was made",
            remedy="leastkey key send --help",
        ) from None
    return send_key(work, Sending(recipient, sealed_for, FileSentKeys(project.machine.home), again))


def read_message(file: str | None) -> bytes:
    """Read a message from a file or standard input. Raises LeastkeyError."""
    if file is None or file == "-":
        if sys.stdin.isatty():
            raise LeastkeyError(
                "usage", "no message is given", remedy="name its file: `leastkey key receive FILE`"
            )
        data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        with Path(file).open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES or not data.lstrip().startswith(_HEAD):
        raise _refused("it is no message that `leastkey key send` wrote", "it begins with other words")
    return data.strip() + b"\n"


def received(options: Options, message: bytes, account: str | None) -> tuple[Binding, bool]:
    """Open a message and bring its key into use; says whether it was not in use already."""
    here = machine()
    vault, document, secret = _opened(here, message, options.vault)
    try:
        binding = read_fields(document, vault.name, here.clock.now())
    except ValueError as error:
        raise _refused("what is in it is no key of leastkey", str(error)) from None
    _agree(options, binding, account)
    key, profile = binding.access_key, binding.profile
    if key is None or profile is None:
        raise _refused("what is in it is no key of leastkey", "it names no key or profile")
    connect = connect_as(
        AccessKey(key, secret),
        here.clock,
        region=binding.region,
        endpoint_url=binding.endpoint_url,
        source="the key that was sent",
    )
    connect.sts(AccessKey(key, secret))  # a foreign endpoint is refused before anything is stored
    local = here.local(vault)
    check_helper(local.helper)
    work = work_on(
        binding._replace(access_key=None, profile=None),
        connect.iam(),
        connect.sts,
        local,
        uuid4().hex[:12],
        LineProgress(options.show),
    )
    is_new = receive_key(work, key, secret, WantedProfile(profile, binding.region, DEFAULT_OUTPUT))
    vault.end_request()
    return binding, is_new


def _opened(here: Machine, message: bytes, named: str | None) -> tuple[AgeFile, dict[str, Any], Secret]:
    """Find the vault whose one-time identity opens the message."""
    asked = False
    for name in [named] if named else known_vaults(here):
        vault = opened(here, name)
        try:
            found = vault.received(message)
        except ValueError:
            asked = True
            continue
        if found is not None and (secret := found[1].get("key")) is not None:
            return vault, found[0], secret
    if asked:
        raise _refused(
            "it does not open with the identity that this computer asked with",
            "it was sent to another recipient, was cut short, or was changed on its way",
        )
    raise _refused(
        "no key was asked for on this computer, or it was received already",
        "the one-time identity that opens a message is dropped when its key is in use",
        "ask for one: `leastkey key request`",
    )


def _agree(options: Options, binding: Binding, account: str | None) -> None:
    if account is not None and account != binding.key.account:
        raise LeastkeyError(
            "wrong-account",
            f"the key is of account {binding.key.account}, `--account` says {account}",
            state="nothing was stored",
            remedy="ask who sent it",
        )
    show = options.show
    show.talk(f"Key       of the user `{binding.user}` in account {binding.key.account}")
    show.talk(f"Role      {binding.role}")
    show.talk(f"At        {binding.endpoint_url or 'AWS'}, region {binding.region}")
    show.talk(f"Profile   {binding.profile}, in your AWS config")
    prompter = TerminalPrompter(show, yes=options.yes or account is not None)
    if not prompter.confirm("Take it into use on this computer?", flag="--yes, or --account ID"):
        raise LeastkeyError("declined", "declined", state="nothing was stored", remedy="leastkey key receive")


def _refused(
    what: str, why: str, remedy: str = "ask for another: `leastkey key send` there"
) -> LeastkeyError:
    return LeastkeyError(
        "message-refused",
        f"the message was not taken: {what}",
        why=why,
        state="nothing was stored; the message can be tried again",
        remedy=remedy,
    )
