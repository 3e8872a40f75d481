"""The user's AWS config and credentials files: one section of ours, everything else as it was, byte for byte.

Source: AWS CLI User Guide, "Configuration and credential file settings in the AWS CLI"; SDKs and Tools Reference
Guide, "Location of the shared config and credentials files".
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leastkey.disk.config_lines import ConfigText, FaultError, config_text
from leastkey.disk.files import FOLDER_MODE, failure, read_all, replace_public, write_private
from leastkey.disk.files import remove as remove_file
from leastkey.disk.locks import hold_file
from leastkey.errors import LeastkeyError
from leastkey.ports.local import ProfileSection
from leastkey.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["AwsProfiles"]

_ENDPOINT: Final = re.compile(r"\s*endpoint_url\s*[=:]\s*(\S+)\s*")
_WAIT_SECONDS: Final = 10.0
_TRIES: Final = 5
_BACKUP: Final = ".leastkey-backup"
_LOCK: Final = ".leastkey-lock"
_WINS: Final = ("aws_access_key_id", "credential_process", "role_arn", "web_identity_token_file")
"""Settings of the credentials file that win over the same profile's `credential_process` in the config file."""


@dataclass(slots=True)
class _Write:
    """A section to write, and whether the file changed."""

    section: ProfileSection
    is_edited: bool = False


@dataclass(slots=True)
class _Removal:
    """A section to remove, and whether it was there."""

    name: str
    was_there: bool = False


class AwsProfiles:
    """The files `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name, by default in ~/.aws. Implements Profiles."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._writes = Turns(self._write)
        self._removals = Turns(self._remove)
        # Removals take turns with writes, so that only one thread waits at the lock that other processes see.
        self._turn = threading.Lock()

    @property
    def _config(self) -> Path:
        return _expanded(self._environ.get("AWS_CONFIG_FILE") or "~/.aws/config", self._environ)

    @property
    def _credentials(self) -> Path:
        named = self._environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
        return _expanded(named, self._environ)

    @property
    def config_file(self) -> str:
        """The file that is read and written (`AWS_CONFIG_FILE` or `~/.aws/config`)."""
        return str(self._config)

    def read(self, name: str) -> ProfileSection | None:
        """Read a profile's section of the config file: its settings, the user's own among them."""
        with _faults(self._config):
            section = _parsed(_bytes(self._config) or b"").section(name)
        return None if section is None else ProfileSection(name, section.settings)

    def shadowed_by(self, name: str) -> str | None:
        """Give `file:line` of a static key of the same profile name that would win over ours."""
        return self._found(self._credentials, name, _WINS, credentials=True) or self._found(
            self._config, name, _WINS[:1], credentials=False
        )

    def _found(self, path: Path, name: str, keys: tuple[str, ...], *, credentials: bool) -> str | None:
        with _faults(path):
            text = _parsed(_bytes(path) or b"", credentials=credentials)
            section = text.section(name)
            lines = [] if section is None else [text.line_of(section, key) for key in keys]
        return next((f"{path}:{line}" for line in lines if line is not None), None)

    def refuse_unreadable(self) -> None:
        """Refuse what AWS's tools would wait for for ever, or stumble over in their own words."""
        for path in (self._config, self._credentials):
            if (_bytes(path) or b"").startswith(codecs.BOM_UTF8):
                raise LeastkeyError(
                    "config-invalid",
                    f"`{path}` begins with a byte order mark",
                    why="AWS's tools take it for a character, and find no section",
                    remedy=f"take it out: `sed -i '1s/^\\xef\\xbb\\xbf//' {path}`",
                )

    def faults(self) -> tuple[LeastkeyError, ...]:
        """Give what keeps AWS's tools, or us, from reading the two files, each with its place."""
        found: list[LeastkeyError] = []
        try:
            self.refuse_unreadable()
        except LeastkeyError as error:
            found.append(error)
        for path, credentials in ((self._config, False), (self._credentials, True)):
            try:
                with _faults(path):
                    _parsed(_bytes(path) or b"", credentials=credentials).refuse_twice()
            except LeastkeyError as error:
                found.append(error)
        return tuple(found)

    def endpoints(self) -> tuple[tuple[str, str], ...]:
        """Give every `endpoint_url` of the config file, nested ones too: `file:line`, and the URL."""
        lines = (_bytes(self._config) or b"").decode(errors="replace").splitlines()
        found = [(number, _ENDPOINT.fullmatch(line)) for number, line in enumerate(lines, 1)]
        return tuple((f"{self._config}:{number}", match[1]) for number, match in found if match is not None)

    def probe(self) -> None:
        """Find out, without a trace, that a section could be written: what stands in the file's place, and the folder."""
        target = Path(os.path.realpath(self._config))
        _refuse_unwritable(self._config, _stat(target))
        for path in {
            self._config,
            target,
        }:  # the lock lies beside a link, the new file beside what it leads to
            folder = next(each for each in path.parents if each.exists())
            try:
                os.listdir(folder)  # noqa: PTH208  # a file in a folder's place says so
            except OSError as error:
                raise failure(error, folder) from error
            if not os.access(folder, os.W_OK | os.X_OK):
                raise failure(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path)

    def write(self, section: ProfileSection) -> bool:
        """Write the section, keeping all else; says whether the file changed. A backup is made before the first change."""
        one = _Write(section)
        self._writes.take(one)
        return one.is_edited

    def _write(self, batch: list[_Write]) -> None:
        sections = {each.section.name: each.section.settings for each in batch}
        self._make_folder()
        with self._held(f"writing the profile {', '.join(sections)}"):
            is_edited = self._edit(lambda text: text.written(sections), back_up=True)
        for each in batch:
            each.is_edited = is_edited

    def remove(self, name: str) -> bool:
        """Remove the section; with our last one our backup goes too, and the file if it was us who made it."""
        one = _Removal(name)
        self._removals.take(one)
        return one.was_there

    def _remove(self, batch: list[_Removal]) -> None:
        if not self._config.exists():
            return
        names = [each.name for each in batch]

        def edit(text: ConfigText) -> str | None:
            for each in batch:
                each.was_there = text.section(each.name) is not None
            return text.removed(names)

        with self._held(f"removing the profile {', '.join(names)}"):
            changed = self._edit(edit, back_up=False)
            left = _bytes(self._config)
            with _faults(self._config):
                ours_left = _parsed(left or b"").has_ours()
            if not ours_left:
                had_backup = remove_file(self._backup)
                if changed and not had_backup and not left:
                    self._remove_made_by_us()
        self._remove_empty_folder()

    @property
    def _backup(self) -> Path:
        return self._config.with_name(self._config.name + _BACKUP)

    @contextlib.contextmanager
    def _held(self, operation: str) -> Iterator[None]:
        lock = self._config.with_name(self._config.name + _LOCK)
        with self._turn, hold_file(lock, f"`{self._config}`", operation, wait_seconds=_WAIT_SECONDS):
            yield

    def _edit(self, edit: Callable[[ConfigText], str | None], *, back_up: bool) -> bool:
        """Read, edit and replace; again from the start when another program changed the file meanwhile."""
        target = Path(os.path.realpath(self._config))  # a link stays, the file it leads to is edited
        for _ in range(_TRIES):
            seen = _stat(target)
            before = _bytes(target)
            with _faults(self._config):
                text = _parsed(before or b"")
                after = edit(text)
            if after is None or (data := after.encode()) == (before or b""):
                return False
            if back_up and before is not None and not text.has_ours() and not self._backup.exists():
                write_private(self._backup, before)
            if _same(seen, _stat(target)):
                _refuse_unwritable(self._config, seen)
                replace_public(target, data, like=seen)
                return True
        raise LeastkeyError(
            "config-invalid",
            f"`{self._config}` keeps changing while it is edited",
            remedy="close what else writes it, then run the same command again",
        )

    def _make_folder(self) -> None:
        folder = self._config.parent
        try:
            for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
                _make(missing)
        except OSError as error:
            raise failure(error, folder) from error

    def _remove_made_by_us(self) -> None:
        if not self._config.is_symlink():
            remove_file(self._config)

    def _remove_empty_folder(self) -> None:
        """Remove ~/.aws when nothing is left in it; a folder the user named stays."""
        if self._config == Path(self._environ.get("HOME", ""), ".aws", "config"):
            with contextlib.suppress(OSError):  # not empty, which is the usual case
                self._config.parent.rmdir()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:  # another thread or program was faster
        if not folder.is_dir():
            raise
    else:
        folder.chmod(FOLDER_MODE)


def _expanded(text: str, environ: Mapping[str, str]) -> Path:
    """Expand variables and `~` as AWS's tools do."""
    named = re.sub(r"\$(\w+|\{\w+\})", lambda found: environ.get(found[1].strip("{}"), found[0]), text)
    if named == "~" or named.startswith("~/"):
        home = environ.get("HOME", "")
        if not home.startswith("/"):
            raise LeastkeyError(
                "usage",
                "there is no home folder to find AWS's configuration in",
                why="`HOME` is unset" if not home else "`HOME` is no absolute path",
                remedy="`export HOME=...`, or name the files: AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE",
            )
        named = home + named[1:]
    return Path(os.path.abspath(named))  # noqa: PTH100  # `resolve` would follow links that the user sees as the file


def _bytes(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe in its place must not hang us
        try:
            _refuse_pipe(path, os.fstat(fd))
            return read_all(fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, path) from error


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, path) from error


def _same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def _refuse_pipe(path: Path, status: os.stat_result | None) -> None:
    if status is not None and stat.S_ISFIFO(status.st_mode):
        raise LeastkeyError(
            "config-invalid",
            f"`{path}` is a pipe, and no file",
            remedy=f"`ls -l {path}`, or name another file: `export AWS_CONFIG_FILE=...`",
        )


def _refuse_unwritable(path: Path, status: os.stat_result | None) -> None:
    if status is not None and os.geteuid() not in {0, status.st_uid}:
        raise LeastkeyError(
            "config-invalid",
            f"`{path}` belongs to somebody else",
            why=f"it belongs to user {status.st_uid}, we are user {os.geteuid()}",
            remedy=f"`ls -l {path}`, or name another file: `export AWS_CONFIG_FILE=...`",
        )
    if status is not None and stat.S_ISREG(status.st_mode) and not status.st_mode & stat.S_IWUSR:
        raise LeastkeyError(
            "config-invalid",
            f"`{path}` is marked read-only",
            why=f"its mode is {stat.S_IMODE(status.st_mode):04o}",
            remedy=(f"`chmod u+w {path}`", "or name another file: `export AWS_CONFIG_FILE=...`"),
        )


def _parsed(data: bytes, *, credentials: bool = False) -> ConfigText:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FaultError("it is not UTF-8 text from here on", line) from error
    # The credentials file holds secrets: its text is not kept.
    return ConfigText(text, credentials=True) if credentials else config_text(text)


@contextlib.contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except FaultError as fault:
        place = str(path) if fault.line is None else f"{path}:{fault.line}"
        raise LeastkeyError(
            "config-invalid",
            "the file cannot be edited safely",
            why=fault.why,
            remedy=f"put it right by hand, then run the same command again: `{place}`",
            place=place,
        ) from fault
