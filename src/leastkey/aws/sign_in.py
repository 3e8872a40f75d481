"""What an administrator's sign-in needs beside botocore: who is asked for an MFA code, and what a failed one means.

botocore finds and renews the credentials of IAM Identity Center, `aws login`, role chains and instance roles itself.
Source: AWS CLI User Guide, "Configuring IAM Identity Center authentication", "Sign in with console credentials",
"Use an IAM role in the AWS CLI".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions
from botocore.utils import JSONFileCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

__all__ = ["SignInFault", "ask_for_codes", "sign_in_fault"]

_CLI_CACHE: Final = "~/.aws/cli/cache"


@dataclass(frozen=True, slots=True)
class SignInFault:
    """Why there are no credentials, and the command that gets some."""

    why: str
    fix: str


def sign_in_fault(error: Exception, asked_for: str = "") -> SignInFault | None:
    """Say what a failure to get or renew credentials means; None for any other error.

    Such a failure is met while a request is being signed, so the request itself was never sent. `asked_for` is the
    operation that was meant: a refusal of another one is the refusal of the sign-in.
    """
    if isinstance(error, exceptions.ClientError):
        if not asked_for or error.operation_name == asked_for:
            return None
        refused = error.response.get("Error", {})
        why = f"`{error.operation_name}`, which gets them, was refused: {refused.get('Code', '')} {refused.get('Message', '')}"
        return SignInFault(why.rstrip(), "aws sts get-caller-identity")
    for kinds, why, fix in _FAULTS:
        if isinstance(error, kinds):
            return SignInFault(why, fix)
    return None


_FAULTS: Final[tuple[tuple[tuple[type[Exception], ...], str, str], ...]] = (
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.NoAuthTokenError),
        "the session of IAM Identity Center has ended, or none was begun",
        "aws sso login",
    ),
    (
        (exceptions.LoginInsufficientPermissions,),
        "the session of `aws login` may not be renewed: `signin:CreateOAuth2Token` is not allowed",
        "aws login",
    ),
    ((exceptions.LoginError,), "the session of `aws login` has ended, or none was begun", "aws login"),
    (
        (exceptions.MissingDependencyException,),
        "a session of `aws login` is renewed with a library that is not installed",
        'pip install "leastkey[login]"',
    ),
    (
        (exceptions.RefreshWithMFAUnsupportedError,),
        "the session that began with an MFA code has ended, and another code is asked for at the start only",
        "run the same command again: it asks for a code",
    ),
    (
        (exceptions.MetadataRetrievalError,),
        "the service that hands this computer its role's credentials does not answer",
        "aws sts get-caller-identity",
    ),
    (
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
        ),
        "the credentials could not be read",
        "aws sts get-caller-identity",
    ),
)


def ask_for_codes(session: Session, ask: Callable[[str], str]) -> None:
    """Have MFA codes of a role's profile asked for by `ask`, given the device; take a session that the AWS CLI keeps.

    A code counts once. Who has just used one with the AWS CLI is not asked for another: its cache is read, never
    written.
    """

    def prompt(text: str) -> str:
        return ask(text.removeprefix("Enter MFA code for ").rstrip(": "))

    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = prompt  # noqa: SLF001  # botocore has no other way to replace getpass
    provider.cache = _Kept(JSONFileCache(str(Path(_CLI_CACHE).expanduser())))


class _Kept(dict[str, Any]):
    """The role sessions of this process, and before them those that the AWS CLI keeps in its files."""

    def __init__(self, files: JSONFileCache) -> None:
        super().__init__()
        self._files = files

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or self._read(key) is not None

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key) if super().__contains__(key) else self._read(key)

    def _read(self, key: object) -> Any:
        try:
            return self._files[key] if isinstance(key, str) and key in self._files else None
        except (KeyError, OSError, ValueError):  # another program's file: what cannot be read is not there
            return None
