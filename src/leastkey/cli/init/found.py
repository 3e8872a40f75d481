"""What `leastkey init` finds on this computer before it asks: each value, and where it comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.cli.wrap import COLUMNS, wrapped
from leastkey.errors import LeastkeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leastkey.cli.show import Show
    from leastkey.spec.model import Target

__all__ = ["Flags", "Found", "find", "found_lines", "region_of", "region_to_ask", "tell_region"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line of `init` said."""

    spec: str
    project: str | None
    identity: str | None
    allow: tuple[str, ...]
    region: str | None
    output: str
    account: str | None
    user: str | None
    service: str | None
    sandbox: bool

    @property
    def target(self) -> Target:
        """Where the spec is to be carried out."""
        return "sandbox" if self.sandbox else "aws"


@dataclass(frozen=True, slots=True)
class Value:
    """A value and its source, in words; an empty value was not found."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was looked for. `alias` is the account's, `project` is empty where no name fits.

    `vault_to_name` is the vault a command must name where this computer has no secure store, else empty.
    """

    account: Value
    alias: str
    region: Value
    vault: Value
    vault_to_name: str
    project: Value


def find(flags: Flags, environ: Mapping[str, str]) -> Found:
    """Look around: files and variables, and one question to AWS where credentials are set. Nothing is changed."""
    region, source = region_of(flags, environ)
    if not source:
        region, source = _profile_region(environ) or (region, "the default: no setting names one")
    account, alias = _account(flags, environ, region)
    vault, vault_to_name = _vault(flags, environ)
    return Found(
        account=account,
        alias=alias,
        region=Value(region, source if source.startswith("the") else f"from {source}"),
        vault=vault,
        vault_to_name=vault_to_name,
        project=_project(flags),
    )


def found_lines(found: Found, columns: int = COLUMNS) -> list[str]:
    """Give the lines that show what was found, values and sources in columns."""
    account = found.account.value + (f" ({found.alias})" if found.alias else "")
    rows = (
        ("account", account or "not found", found.account.source),
        ("region", found.region.value, found.region.source),
        ("vault", found.vault.value or "none usable", found.vault.source),
        ("project", found.project.value or "not found", found.project.source),
    )
    width = max(len(value) for _, value, _ in rows)
    lines: list[str] = []
    for word, value, source in rows:
        head = f"{'' if lines else 'Found':<10}{word:<8}{value:<{width}}  "
        indent = len(head) if len(head) <= columns * _HEAD else min(_SOURCE_INDENT, columns // 2)
        lines += wrapped(head, source, indent, columns=columns)
    return lines


_HEAD: Final = 5 / 8
"""Share of the width that may stand before a source whose further lines begin below it."""
_SOURCE_INDENT: Final = 18


def tell_region(show: Show, region: str) -> None:
    """Warn of a region that may be a slip of the pen."""
    from leastkey.spec.settings import region_caution

    if (caution := region_caution(region)) is not None:
        show.warn(caution)


def region_to_ask(region: str) -> str:
    """Give the region to ask AWS in: one that leastkey does not know may have no endpoint."""
    from leastkey.spec.parse import DEFAULT_REGION
    from leastkey.spec.settings import region_caution

    return region if region_caution(region) is None else DEFAULT_REGION


def region_of(flags: Flags, environ: Mapping[str, str]) -> tuple[str, str]:
    """Give the region that the flag or a variable names and which it is, else the default and no source."""
    from leastkey.spec.parse import DEFAULT_REGION

    if flags.region is not None:
        return flags.region, "--region"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if value := environ.get(name):
            return value, name
    return DEFAULT_REGION, ""


def _profile_region(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Give the region of the profile that AWS tools would use, and its file."""
    from leastkey.disk.aws_config import AwsProfiles

    # botocore asks the variables in this order.
    profile = environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or "default"
    profiles = AwsProfiles(environ)
    try:
        section = profiles.read(profile)
    except LeastkeyError:  # `up` says what is wrong with the file; here it names no region
        return None
    region = None if section is None else dict(section.settings).get("region")
    return None if not region else (region, f"profile `{profile}` in {_short(profiles.config_file)}")


def _short(path: str) -> str:
    """Give a path below HOME with `~`."""
    home = os.environ.get("HOME", "").rstrip("/")
    return f"~{path.removeprefix(home)}" if home and path.startswith(f"{home}/") else path


def _account(flags: Flags, environ: Mapping[str, str], region: str) -> tuple[Value, str]:
    """Give the account and its alias."""
    if flags.account is not None:
        return Value(flags.account, "from --account"), ""
    if flags.sandbox:
        from leastkey.sandbox.state.accounts import DEFAULT_ACCOUNT

        return Value(DEFAULT_ACCOUNT, "the embedded AWS: nothing goes to AWS"), ""
    from leastkey.aws.find import find_account
    from leastkey.clock import SystemClock

    found = find_account(environ, SystemClock(), region=region_to_ask(region))
    if found.account is None:
        return Value("", f"{found.source}; the spec will work in any account"), ""
    return Value(found.account, found.source), found.alias or ""


def _vault(flags: Flags, environ: Mapping[str, str]) -> tuple[Value, str]:
    """Give the vault that `up` would take, if it opens, and the one to name where it would refuse. Nothing is made."""
    from leastkey.disk.home import leastkey_home
    from leastkey.disk.settings import FileSettings
    from leastkey.disk.vault_files import VaultFiles
    from leastkey.vault.choose import AGE_FILE, KEYRING, choose_vault

    named = environ.get("LEASTKEY_VAULT") or None
    try:
        home = leastkey_home(environ)
        remembered = FileSettings(home).vault(flags.target)
        vault = choose_vault(named, VaultFiles(home), remembered=remembered, target=flags.target)
        vault.look()
    except LeastkeyError as error:
        if error.code == "no-vault":
            return Value("", f"no secure store here; `--vault {AGE_FILE}` takes a file"), AGE_FILE
        return Value("", error.what), ""
    if named:
        source = "from LEASTKEY_VAULT"
    elif remembered:
        source = "chosen before"
    elif flags.sandbox:
        source = "enough for keys of the embedded AWS"
    else:
        source = "the best store on this computer"
    if vault.name == KEYRING:
        return Value("keyring, open", f"{vault.place}, {source}"), ""
    return Value(AGE_FILE, f"{source}: a file only you can read"), ""


def _project(flags: Flags) -> Value:
    """Give the project's name: by flag, from the folder's files, or the folder's own name."""
    from leastkey.cli.read_spec import default_project
    from leastkey.disk.project_files import names_in
    from leastkey.spec.settings import project_fault

    if flags.project is not None:
        return Value(flags.project, "from --project")
    path = Path(flags.spec).absolute()
    named = next((each for each in names_in(path.parent) if project_fault(each[0]) is None), None)
    if named is not None:
        return Value(named[0], f"from {named[1]}")
    folder = default_project(path)
    return Value("" if project_fault(folder) else folder, "the folder's name")
