"""`leastkey key`: a key for another computer, whose secret travels encrypted and never lies here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leastkey.cli.options import common_options, project_options

if TYPE_CHECKING:
    from leastkey.cli.options import Options

__all__ = ["command"]


@click.group("key")
def command() -> None:
    """Give another computer a key of its own: `request` there, `send` here, `receive` there."""


@command.command(epilog="Example: leastkey key request")
@common_options
def request(options: Options) -> None:
    """Print an age recipient to send a key to.

    The one-time identity that opens it stays in this computer's vault.

    Asked again before a key was received, the same recipient is printed.
    """
    from leastkey.cli.key_requests import vault_for_request

    vault = vault_for_request(options)
    recipient = vault.request()
    show = options.show
    show.document("key request", {"recipient": recipient, "vault": vault.name})
    show.data(recipient)
    show.talk(f"What opens a key sent to it lies in the vault `{vault.name}`, and nowhere else.")
    show.talk()
    show.talk(f"There: leastkey key send NAME --to {recipient} -o key.age")
    show.talk("Then here: leastkey key receive key.age")


@command.command(epilog="Example: leastkey key send nightly --to age1... -o key.age")
@click.argument("identity", required=False, metavar="[IDENTITY]")
@click.option(
    "--to", "recipient", metavar="AGE1...", required=True, help="What `leastkey key request` printed."
)
@click.option("-o", "--output", metavar="FILE", help="Write the message to a new file.  [default: stdout]")
@click.option("--again", is_flag=True, help="First delete the keys of this user that were sent before.")
@project_options
def send(options: Options, identity: str | None, recipient: str, output: str | None, *, again: bool) -> None:
    """Make a new key for another computer.

    It is one of the identity's user, and is printed encrypted to that computer. AWS gives a user two keys: this
    computer's, and one that is sent. The same recipient gets the same message again until its key is used, so a lost
    message loses nothing.
    """
    from pathlib import Path

    from leastkey.cli.key_requests import sent_to
    from leastkey.disk.files import create_private
    from leastkey.iam.credentials import shown

    show = options.show
    found = sent_to(options, identity, recipient, again=again)
    if output is not None:
        create_private(Path(output), found.message.encode())
    elif not show.as_json:
        show.write(found.message)
    show.document(
        "key send",
        {
            "identity": found.key.identity,
            "user": found.user,
            "access_key": found.access_key,
            "recipient": found.recipient,
            "file": output,
            "message": found.message,
        },
    )
    show.talk(
        f"The key {shown(found.access_key)} of `{found.user}` is for {found.recipient[:12]}... alone; "
        "its secret was stored nowhere here."
    )
    show.talk(f"There: leastkey key receive {output or 'FILE'}")


@command.command(epilog="Example: leastkey key receive key.age --account 111122223333")
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--account", metavar="ID", help="Refuse a key of any other account.")
@common_options
def receive(options: Options, file: str | None, account: str | None) -> None:
    """Take a key that was sent into use here.

    It is read from FILE or standard input, put into the vault, proved, and gets its profile. A message says nothing
    of who wrote it. What it is for is shown before anything is stored, and asked about.
    """
    from leastkey.cli.key_requests import read_message, received

    binding, is_new = received(options, read_message(file), account)
    show = options.show
    document: dict[str, Any] = {
        "identity": binding.key.identity,
        "account": binding.key.account,
        "user": binding.user,
        "profile": binding.profile,
        "vault": binding.vault,
        "new": is_new,
    }
    show.document("key receive", document)
    show.data(
        f"Received  the key of `{binding.user}`: proved, in the vault `{binding.vault}`"
        if is_new
        else f"Already received: the key of `{binding.user}` is in the vault `{binding.vault}`"
    )
    show.data(f"Profile   {binding.profile}")
    show.data(f"Next: leastkey run {binding.key.identity} -- aws sts get-caller-identity")
