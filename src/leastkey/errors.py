"""Every error leastkey can give: code, what, why, state, remedy, exit code.

`KINDS` is the one list of error codes; the reference documentation and the exit-code table are made from it,
and a code that is not in it cannot be raised.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["KINDS", "NOTHING_CHANGED", "AwsError", "ErrorKind", "Exit", "LeastkeyError"]

NOTHING_CHANGED: Final = "nothing was changed"


class Exit(IntEnum):
    """Exit codes, stable for ever (`leastkey help exit-codes`)."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NO_IDENTITY = 3
    NO_CREDENTIALS = 4
    STOPPED = 5
    CHANGES = 10
    ALLOWED_TOO_MUCH = 11
    DENIED_TOO_MUCH = 12
    FINDINGS = 13
    UNPROVED = 14
    BUG = 70
    INTERRUPTED = 130


class ErrorKind(NamedTuple):
    """One row of the error reference: the exit code and one sentence on when it is raised."""

    exit: Exit
    meaning: str


KINDS: Final[dict[str, ErrorKind]] = {
    # spec and usage
    "usage": ErrorKind(Exit.USAGE, "the command line does not say what to do"),
    "spec-not-found": ErrorKind(Exit.USAGE, "there is no spec file at the path given"),
    "spec-exists": ErrorKind(Exit.USAGE, "`init` never writes over a file"),
    "spec-unreadable": ErrorKind(Exit.USAGE, "the spec is not UTF-8 text, is too large, or cannot be opened"),
    "spec-syntax": ErrorKind(
        Exit.USAGE, "the spec is not YAML, or uses a part of YAML that leastkey refuses"
    ),
    "spec-invalid": ErrorKind(Exit.USAGE, "a key, type or value in the spec is not one leastkey knows"),
    "wide-trust": ErrorKind(
        Exit.USAGE, "a role would let in more than the workload meant: any repository, ref or audience"
    ),
    "unknown-name": ErrorKind(
        Exit.USAGE, "no service, action, level, identity, user, role or setting has this name"
    ),
    "policy-invalid": ErrorKind(Exit.USAGE, "a policy document is not one AWS would accept"),
    "too-large": ErrorKind(Exit.USAGE, "the grants cannot be packed under AWS's quotas"),
    "name-clash": ErrorKind(Exit.USAGE, "two identities of the spec want one name"),
    "unsafe-path": ErrorKind(
        Exit.USAGE, "a path cannot be written into a profile so that every AWS tool reads it alike"
    ),
    # who we are
    "no-credentials": ErrorKind(Exit.NO_IDENTITY, "no AWS credentials of an administrator were found"),
    "bad-credentials": ErrorKind(Exit.NO_IDENTITY, "AWS does not accept the administrator's credentials"),
    "wrong-account": ErrorKind(
        Exit.NO_IDENTITY, "the credentials belong to another account than the spec names"
    ),
    "own-profile": ErrorKind(Exit.NO_IDENTITY, "the admin profile is one leastkey made for a script"),
    "foreign-endpoint": ErrorKind(Exit.NO_IDENTITY, "an endpoint is neither AWS's nor on this computer"),
    # refusals
    "declined": ErrorKind(Exit.REFUSED, "the question was answered with no"),
    "entity-exists": ErrorKind(Exit.REFUSED, "an IAM entity of this name exists and is not ours"),
    "not-replaceable": ErrorKind(
        Exit.REFUSED, "the user or role is the project's own already, or AWS keeps it for itself"
    ),
    "in-use": ErrorKind(Exit.REFUSED, "something that is not ours uses an IAM entity that is to go"),
    "key-limit": ErrorKind(Exit.REFUSED, "the user has two access keys already, and AWS allows two"),
    "unknown-key": ErrorKind(Exit.REFUSED, "the user has a key whose secret leastkey does not hold"),
    "revoked": ErrorKind(
        Exit.REFUSED, "the identity was revoked, and stays so until `leastkey revoke NAME --restore`"
    ),
    "not-narrower": ErrorKind(
        Exit.REFUSED, "`--only` names what the identity may not do, or what cannot be proved to lie within"
    ),
    "key-in-use": ErrorKind(Exit.REFUSED, "an old key is still used by somebody, or was switched on again"),
    "not-undoable": ErrorKind(Exit.REFUSED, "there is no rotation to go back on, or its old key is gone"),
    "plan-outdated": ErrorKind(Exit.REFUSED, "spec or account have changed since the plan was made"),
    "unsafe-plan": ErrorKind(Exit.REFUSED, "the plan removes more than the threshold allows without a word"),
    "quota": ErrorKind(Exit.REFUSED, "the account has no room left for what the plan would add"),
    "locked": ErrorKind(Exit.REFUSED, "another leastkey is at work on the same thing"),
    "profile-exists": ErrorKind(Exit.REFUSED, "the profile is there and is not bound to this identity"),
    "profile-shadowed": ErrorKind(
        Exit.REFUSED, "a static key under the same profile name would win over ours"
    ),
    "config-invalid": ErrorKind(Exit.REFUSED, "an AWS configuration file cannot be edited safely"),
    "temporary-environment": ErrorKind(Exit.REFUSED, "leastkey runs from a place that will be gone tomorrow"),
    "unsafe-home": ErrorKind(
        Exit.REFUSED, "others can write to the state folder, or it belongs to somebody else"
    ),
    "unsafe-file": ErrorKind(Exit.REFUSED, "a file that holds a secret is a link, or open to others"),
    "message-refused": ErrorKind(
        Exit.REFUSED, "a message with a key is not for this computer, was received before, or is damaged"
    ),
    "terminal-secret": ErrorKind(Exit.REFUSED, "the command prints a secret and stdout is a terminal"),
    "no-sandbox": ErrorKind(Exit.REFUSED, "the embedded AWS is not running or not installed"),
    "sandbox-failed": ErrorKind(Exit.REFUSED, "the embedded AWS did not start"),
    # credentials
    "not-set-up": ErrorKind(Exit.NO_CREDENTIALS, "nothing on this computer is bound to the identity"),
    "no-vault": ErrorKind(Exit.NO_CREDENTIALS, "this computer has no secure store and none was named"),
    "vault-locked": ErrorKind(Exit.NO_CREDENTIALS, "the vault's identity is in a store that is locked"),
    "vault-failed": ErrorKind(Exit.NO_CREDENTIALS, "the vault cannot be read or written"),
    "secret-missing": ErrorKind(Exit.NO_CREDENTIALS, "the vault does not hold the secret of the key in use"),
    "clock-skew": ErrorKind(Exit.NO_CREDENTIALS, "this computer's clock is too far from AWS's"),
    "no-answer": ErrorKind(Exit.NO_CREDENTIALS, "AWS could not be reached or did not answer"),
    "agent-failed": ErrorKind(Exit.NO_CREDENTIALS, "the agent did not start, or does not end"),
    "session-refused": ErrorKind(Exit.NO_CREDENTIALS, "AWS refused to let the user assume its role"),
    # half way
    "access-denied": ErrorKind(Exit.STOPPED, "AWS refused a call the administrator needs"),
    "aws-refused": ErrorKind(Exit.STOPPED, "AWS refused a call for a reason leastkey does not know"),
    "throttled": ErrorKind(Exit.STOPPED, "AWS kept saying slow down"),
    "outcome-unknown": ErrorKind(Exit.STOPPED, "AWS may have carried out a call whose answer was lost"),
    "store-failed": ErrorKind(Exit.STOPPED, "a new key could not be stored, so it was deleted again"),
    "revoke-incomplete": ErrorKind(
        Exit.STOPPED, "a part of a revocation failed; what else it does is in force"
    ),
    "key-unproved": ErrorKind(Exit.STOPPED, "AWS did not accept the new key in time"),
    "orphan-key": ErrorKind(
        Exit.STOPPED, "a key without a stored secret exists and may not be ours to delete"
    ),
    "disk-full": ErrorKind(Exit.STOPPED, "a file could not be written"),
    "io-failed": ErrorKind(Exit.STOPPED, "a file could not be read or written"),
    "child-failed": ErrorKind(Exit.STOPPED, "the program to run could not be started"),
    "interrupted": ErrorKind(Exit.INTERRUPTED, "you stopped the command"),
    "internal": ErrorKind(Exit.BUG, "leastkey has a bug"),
}


class LeastkeyError(Exception):
    """An error as the user reads it: a small document of code, what, why, state and remedy.

    `what` is one line, lower case, without a full stop, the user's words in backticks. `why` holds lines of
    measured facts. `state` says what changed and what did not. `remedy` holds commands to paste.
    `place` is `file:line:column` where there is one. `exit_code` follows from the code unless a stage
    that was already under way names its own.
    """

    def __init__(
        self,
        code: str,
        what: str,
        *,
        why: str | tuple[str, ...] = (),
        state: str = NOTHING_CHANGED,
        remedy: str | tuple[str, ...] = (),
        place: str | None = None,
        exit_code: Exit | None = None,
    ) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code
        self.what = what
        self.why = (why,) if isinstance(why, str) else why
        self.state = state
        self.remedy = (remedy,) if isinstance(remedy, str) else remedy
        self.place = place
        self.exit_code = KINDS[code].exit if exit_code is None else exit_code

    def again(
        self,
        *,
        why: tuple[str, ...] | None = None,
        state: str | None = None,
        remedy: tuple[str, ...] | None = None,
        exit_code: Exit | None = None,
    ) -> LeastkeyError:
        """Give the same error, with what somebody further out knows better."""
        return LeastkeyError(
            self.code,
            self.what,
            why=self.why if why is None else why,
            state=self.state if state is None else state,
            remedy=self.remedy if remedy is None else remedy,
            place=self.place,
            exit_code=self.exit_code if exit_code is None else exit_code,
        )


class AwsError(Exception):
    """One refused or unanswered AWS call, scrubbed at the adapter's door: it never holds a secret.

    `call` is as AWS writes it (`iam:CreateRole`), `code` AWS's own code or `""` when no answer came, `outcome`
    `refused` when AWS said no and `unknown` when the call may have been carried out. `server_time` is the
    `Date` header of the answer, for clock skew. `fix` is the command that helps, where it is known.
    """

    def __init__(
        self,
        call: str,
        code: str,
        message: str,
        *,
        status: int | None = None,
        outcome: Literal["refused", "unknown"] = "refused",
        server_time: datetime | None = None,
        fix: str = "",
    ) -> None:
        super().__init__(f"{call}: {code or 'no answer'}: {message}")
        self.call = call
        self.code = code
        self.message = message
        self.status = status
        self.outcome = outcome
        self.server_time = server_time
        self.fix = fix
