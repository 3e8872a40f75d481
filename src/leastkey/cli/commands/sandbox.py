"""`leastkey sandbox`: the embedded AWS, started and stopped by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from leastkey.cli.options import output_options, state_dir_option, vault_option
from leastkey.cli.sandbox import control, tokens
from leastkey.cli.sandbox.account import ACCOUNT_COMMANDS
from leastkey.cli.sandbox.door import root_variables
from leastkey.cli.sandbox.why import events, why

if TYPE_CHECKING:
    from pathlib import Path

    from leastkey.cli.show import Show

__all__ = ["command"]

OTHER_IDENTITIES: Final = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION")
"""Variables that would have AWS tools use the sandbox's keys wrongly or not at all."""
ENFORCED: Final = "signatures, expiry; identity, boundary, session, bucket, trust policy"


@click.group("sandbox")
def command() -> None:
    """Run the embedded AWS, which enforces IAM: on 127.0.0.1 only, no account needed."""
    from leastkey.disk.hardening import close_memory
    from leastkey.sandbox.server.lifecycle import require_packages

    close_memory()
    require_packages()


@command.command(epilog="Example: leastkey sandbox start --port 4566 --ephemeral")
@state_dir_option
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: the last one, else any]"
)
@click.option("--ephemeral", is_flag=True, help="Keep nothing on disk.")
@vault_option
@click.option(
    "--settings",
    metavar="FILE|-",
    help="Begin with these: clock, delay, shared-oidc, accounts, limits, faults.",
)
@click.option("--foreground", is_flag=True, help="Stay in the foreground until stopped.")
@output_options
def start(
    show: Show,
    state_dir: Path | None,
    port: int | None,
    vault: str | None,
    settings: str | None,
    *,
    ephemeral: bool,
    foreground: bool,
) -> None:
    """Start the sandbox in the background, or find the one that runs already.

    What it keeps on disk is encrypted; the key lies in the vault.
    """
    from leastkey.cli.machine import machine
    from leastkey.cli.sandbox.settings import settings_of
    from leastkey.cli.sandbox.vaults import SandboxVaults
    from leastkey.sandbox.server import lifecycle

    here = None if ephemeral else machine()
    vaults = None if here is None else SandboxVaults(here, vault)
    first = () if settings is None else settings_of(settings)
    run = lifecycle.start(state_dir, port or 0, vaults=vaults, settings=first, foreground=foreground)
    if here is not None and vault is not None:
        here.settings.remember_vault("sandbox", vault)
    if foreground:
        return
    folder = lifecycle.state_folder(state_dir)
    show.document(
        "sandbox start",
        {
            "endpoint_url": run.endpoint_url,
            "port": run.port,
            "pid": run.pid,
            "ephemeral": run.is_ephemeral,
            "encrypted": not run.is_ephemeral,
            "vault": run.vault,
            "already": run.already,
            "enforced": True,
            "state_dir": str(folder),
        },
    )
    already = ", already running" if run.already else ""
    show.data(f"Sandbox   {run.endpoint_url}{already}, nothing goes to AWS")
    show.data(f"State     {_kept(run.vault, folder)}")
    show.data(f"Enforced  {ENFORCED}")
    show.data('Next: leastkey up --sandbox      or: eval "$(leastkey sandbox env)"')


@command.command(epilog="Example: leastkey sandbox stop")
@state_dir_option
@output_options
def stop(show: Show, state_dir: Path | None) -> None:
    """Stop the sandbox; its state is written first."""
    from leastkey.sandbox.server import lifecycle

    stopped = lifecycle.stop(state_dir)
    show.document("sandbox stop", {"stopped": stopped})
    show.data("Stopped." if stopped else "Already stopped.")


@command.command(epilog="Example: leastkey sandbox status --json")
@state_dir_option
@output_options
def status(show: Show, state_dir: Path | None) -> None:
    """Say whether the sandbox runs, where, and that it enforces."""
    from leastkey.cli.sandbox.settings import settings_lines
    from leastkey.sandbox.server import lifecycle

    found = lifecycle.status(state_dir)
    run = found.run
    show.document(
        "sandbox status",
        {
            "running": run is not None,
            "endpoint_url": None if run is None else run.endpoint_url,
            "port": None if run is None else run.port,
            "pid": None if run is None else run.pid,
            "ephemeral": None if run is None else run.is_ephemeral,
            "encrypted": found.is_encrypted,
            "vault": None if run is None else run.vault,
            "accounts": list(found.accounts),
            "enforced": found.is_enforced,
            "clock_offset_seconds": found.settings.get("offset_seconds", 0),
            "settings": dict(found.settings) or None,
            "uptime_seconds": round(found.uptime_seconds, 1),
            "trouble": found.trouble or None,
            "state_dir": str(found.folder),
        },
    )
    if run is None:
        lies = {True: ", encrypted", False: ", NOT ENCRYPTED: the next start encrypts it", None: ""}
        show.data(f"Not running. State folder: {found.folder}{lies[found.is_encrypted]}")
        show.data("Next: leastkey sandbox start")
        return
    show.data(f"Running   {run.endpoint_url}, process {run.pid}, for {found.uptime_seconds:.0f} s")
    show.data(f"Enforced  {ENFORCED if found.is_enforced else 'NOT ENFORCED'}")
    show.data(f"Accounts  {', '.join(found.accounts) or 'none asked for yet'}")
    show.data(f"State     {_kept(run.vault, found.folder)}")
    for line in settings_lines(found.settings):
        show.data(line)
    if found.trouble:
        show.data(f"Trouble   {found.trouble}")


@command.command(epilog='Example: eval "$(leastkey sandbox env --account 111122223333)"')
@state_dir_option
@click.option("--account", metavar="ID", help="Twelve digits; made on first asking.  [default: 123456789012]")
@click.option(
    "--github", is_flag=True, help="Set the variables for the next steps of a GitHub Actions job, instead."
)
@output_options
def env(show: Show, state_dir: Path | None, account: str | None, *, github: bool) -> None:
    """Print how to reach an account as its root user. It prints a secret, which opens nothing but the sandbox."""
    from leastkey.sandbox.server import lifecycle

    root = lifecycle.env(account, state_dir)
    variables = root_variables(root)
    if github:
        from leastkey.cli.sandbox.github import to_next_steps

        to_next_steps(show, variables, OTHER_IDENTITIES)
        return
    show.document(
        "sandbox env",
        {
            "endpoint_url": root.endpoint_url,
            "account": root.account,
            "region": root.region,
            "access_key_id": root.access_key_id,
            "secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
        },
    )
    show.data(f"unset {' '.join(OTHER_IDENTITIES)}")
    for name, value in variables.items():
        show.data(f"export {name}={value}")


@command.command(epilog="Example: leastkey sandbox reset")
@state_dir_option
@output_options
def reset(show: Show, state_dir: Path | None) -> None:
    """Forget every account, key and bucket of the sandbox; clock, faults and limits are as at its start."""
    from leastkey.sandbox.server import lifecycle

    running = lifecycle.reset(state_dir)
    show.document("sandbox reset", {"reset": True, "running": running})
    show.data(f"Empty again{', and still running with the settings of its start' if running else ''}.")


def _kept(vault: str | None, folder: Path) -> str:
    return "nothing is kept" if vault is None else f"{folder}, encrypted, its key in the vault {vault}"


for each in (*control.COMMANDS, *ACCOUNT_COMMANDS, *tokens.COMMANDS):
    command.add_command(each)
command.add_command(why)
command.add_command(events)
