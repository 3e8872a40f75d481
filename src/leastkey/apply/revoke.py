"""Revoke an identity, and restore it: incident response that every computer sees, because its mark is a deny in IAM.

Order of a revocation, what stops most first: the role is denied everything, and with it every session that lives; the
user is denied everything, and with it every key, those that nobody knows among them; its keys are switched off; sessions
of both given out until now stay cut whatever is lifted later (a key may have been traded for a session of the user, which
outlives it by 36 hours); last, this computer forgets session and secret. A step that fails stops none of the others. Each
may be made twice, so the same command finishes what was cut off.

All keys of the user are switched off, also one this computer knows nothing of: the user is ours by path and tag, and a
key that somebody slipped in is the reason for the command. None is deleted before the identity is restored.
Source: IAM User Guide, "Revoke IAM role temporary security credentials", "Disabling permissions for temporary security
credentials", "Update access keys"; STS API Reference, GetSessionToken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from leastkey.apply.refusals import refusal
from leastkey.apply.retry import Hopes, patiently
from leastkey.errors import AwsError, LeastkeyError
from leastkey.iam.credentials import shown
from leastkey.iam.marks import OLDER_SESSIONS_POLICY, REVOKED_POLICY
from leastkey.iam.refusals import is_missing
from leastkey.keys.recover import accounted
from leastkey.keys.remove import forget_secrets
from leastkey.keys.retire import unless_missing
from leastkey.plan.ownership import own_roles, own_users, owns
from leastkey.plan.revoked import denies_everything, denies_older_sessions, is_revoked
from leastkey.ports.local import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.iam.credentials import AccessKeyId
    from leastkey.keys.work import UserKeys
    from leastkey.plan.seen import Seen, SeenAccessKey, SeenRole, SeenUser
    from leastkey.ports.aws import AdminSts, Iam
    from leastkey.ports.binding import Binding

__all__ = ["Cut", "Revocation", "Step", "Target"]

_ROUNDS: Final = 3
"""Times the keys are listed: a list may not show yet what was made moments ago."""
_STAYS_CUT: Final = "sessions given out until now stay cut"
Origin = Literal["in use here", "known here", "not known here"]


@dataclass(frozen=True, slots=True)
class Target:
    """An identity's user and role by name, as the spec has them; `user` None: its role is worn without a key."""

    identity: str
    user: str | None
    role: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done or failed: `fault` is empty where it was done."""

    noun: str
    name: str
    note: str
    fault: str = ""


@dataclass(slots=True)
class Cut:
    """What a revocation did."""

    steps: list[Step] = field(default_factory=list)
    keys: dict[AccessKeyId, Origin] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[Step, ...]:
        """Give the steps that failed."""
        return tuple(step for step in self.steps if step.fault)


class Revocation:
    """Revokes or restores one identity. `keys` is its surroundings on this computer; its user is empty where there is none."""

    def __init__(
        self, target: Target, iam: Iam, sts: AdminSts, keys: UserKeys, bound: tuple[Binding, ...]
    ) -> None:
        self._target = target
        self._iam = iam
        self._sts = sts
        self._keys = keys
        self._bound = bound
        self._journal_fault = ""
        self._cut = Cut()

    def revoke(self) -> Cut:
        """Cut all access of the identity. No step that fails keeps another from being made.

        Raises LeastkeyError before the first of them where a name is a stranger's, or neither user nor role is there.
        """
        role, user = self._there()
        self._journal("begin", "leastkey:revoke", self._target.identity)
        if role is not None:
            self._step(
                "role", role, "denied everything, its sessions with it", partial(self._deny_role, role)
            )
        if user is not None:
            self._step("user", user, "denied everything, every key with it", partial(self._deny_user, user))
            self._switch_off(user)
        if user is not None:
            self._step("user", user, _STAYS_CUT, partial(self._cut_older, "user", user, 1))
        if role is not None:
            self._step("role", role, _STAYS_CUT, partial(self._cut_older, "role", role, 1))
        self._forget()
        if self._journal_fault:
            self._failed(Step("journal", "this run", "", self._journal_fault))
        self._journal("end", "leastkey:revoke", self._target.identity)
        return self._cut

    def is_in_force(self, seen: Seen, project: str) -> bool:
        """Say whether the identity is revoked."""
        return is_revoked(*self._ours(seen, project))

    def _ours(self, seen: Seen, project: str) -> tuple[SeenUser | None, SeenRole | None]:
        users = {each.name: each for each in own_users(project, seen)}
        roles = {each.name: each for each in own_roles(project, seen)}
        return users.get(self._target.user or ""), roles.get(self._target.role)

    def restore(self, seen: Seen, project: str) -> tuple[AccessKeyId, ...]:
        """Let the identity work again, without the keys and sessions it had; gives the keys that were deleted.

        Older sessions are cut anew first: lifting the deny would give a stolen one its last hour back.
        Raises LeastkeyError, AwsError.
        """
        user, role = self._ours(seen, project)
        if not is_revoked(user, role):
            raise LeastkeyError(
                "usage",
                f"`{self._target.identity}` is not revoked",
                remedy="see how it stands: `leastkey status`",
            )
        off: tuple[AccessKeyId, ...] = ()
        if user is not None:
            off = self._switched_off(user.name)
        self._journal("begin", "leastkey:restore", self._target.identity)
        if user is not None:
            self._cut_older("user", user.name, 1)  # no key of a user has a time of issue
        if role is not None:
            self._cut_older("role", role.name, 0)
        for key in off:
            name = f"{self._target.user} {shown(key)}"
            self._write("iam:DeleteAccessKey", name, partial(self._delete_key, str(self._target.user), key))
        if role is not None:
            self._write(
                "iam:DeleteRolePolicy",
                role.name,
                partial(unless_missing, partial(self._iam.delete_role_policy, role.name, REVOKED_POLICY)),
            )
        if user is not None:
            self._write(
                "iam:DeleteUserPolicy",
                user.name,
                partial(unless_missing, partial(self._iam.delete_user_policy, user.name, REVOKED_POLICY)),
            )
        self._journal("end", "leastkey:restore", self._target.identity)
        return off

    def _there(self) -> tuple[str | None, str | None]:
        """Give the names of role and user where they are there. One that cannot be read is taken for ours, by its name."""
        user = self._target.user
        found = (
            self._found("role", self._target.role, self._iam.get_role),
            None if user is None else self._found("user", user, self._iam.get_user),
        )
        if found == (None, None):
            raise LeastkeyError(
                "unknown-name",
                f"the account has neither role nor user of `{self._target.identity}`",
                why=f"looked for {self._target.role}{'' if user is None else f', {user}'}",
                remedy="name the right account: `--admin-profile NAME`",
            )
        return found

    def _found(
        self, kind: Literal["role", "user"], name: str, read: Callable[[str], SeenRole | SeenUser]
    ) -> str | None:
        try:
            entity = read(name)
        except AwsError as error:
            if is_missing(error):
                self._done(Step(kind, name, "is not there"))
                return None
            self._failed(Step(kind, name, "", refusal(error).what))
            return name
        if not owns(self._keys.key.project, entity.path, entity.tags):
            raise LeastkeyError(
                "entity-exists",
                f"the {kind} `{name}` is not ours",
                why=(
                    f"there      {entity.arn}",
                    "ours       only what lies under the project's path and carries its tag",
                ),
                remedy="name the right spec and account: `--spec FILE`, `--admin-profile NAME`",
            )
        return entity.name

    def _deny_role(self, role: str) -> None:
        put = partial(self._iam.put_role_policy, role, REVOKED_POLICY, denies_everything())
        self._write("iam:PutRolePolicy", role, put)

    def _deny_user(self, user: str) -> None:
        put = partial(self._iam.put_user_policy, user, REVOKED_POLICY, denies_everything())
        self._write("iam:PutUserPolicy", user, put)

    def _switch_off(self, user: str) -> None:
        """Switch every key off, until the list shows none that is on."""
        listed: tuple[SeenAccessKey, ...] = ()
        for _ in range(_ROUNDS):
            try:
                listed = self._iam.list_access_keys(user).keys
            except AwsError as error:
                self._failed(Step("access key", f"of {user}", "", refusal(error).what))
                return
            self._name_origins(listed)
            active = [key for key in listed if key.status == "Active" and not self._has_failed(key.id)]
            if not active:
                break
            for key in active:
                off = partial(self._iam.update_access_key, user, key.id, "Inactive")
                self._step(
                    "access key",
                    shown(key.id),
                    f"switched off, {self._cut.keys[key.id]}",
                    partial(
                        self._write,
                        "iam:UpdateAccessKey",
                        f"{user} {shown(key.id)}",
                        partial(unless_missing, off),
                    ),
                )
        if not listed:
            self._done(Step("access key", f"of {user}", "there is none"))
        elif not any(step.noun == "access key" for step in self._cut.steps):
            self._done(Step("access key", f"of {user}", "all were off already"))

    def _has_failed(self, key: AccessKeyId) -> bool:
        return any(step.name == shown(key) for step in self._cut.failed)

    def _name_origins(self, listed: tuple[SeenAccessKey, ...]) -> None:
        """Say of each key whether this computer knows it, before the pointer to it is gone."""
        pointer = self._keys.pointer()
        try:
            known = accounted(self._keys)
        except LeastkeyError:  # the vault says so itself, in its own step
            known = frozenset()
        for key in listed:
            origin: Origin = (
                "in use here" if key.id == pointer else "known here" if key.id in known else "not known here"
            )
            self._cut.keys.setdefault(key.id, origin)

    def _cut_older(self, kind: Literal["role", "user"], name: str, seconds: int) -> None:
        """Cut the sessions given out until AWS's now; `seconds` later where those of this very second count too."""
        moment = self._sts.server_time() + timedelta(seconds=seconds)
        put = self._iam.put_role_policy if kind == "role" else self._iam.put_user_policy
        write = partial(put, name, OLDER_SESSIONS_POLICY, denies_older_sessions(moment))
        self._write(f"iam:Put{kind.capitalize()}Policy", name, write)

    def _forget(self) -> None:
        """Empty this computer's cache, take the pointer away, and drop the secrets."""
        local, keys = self._keys.local, self._keys
        self._step("session", "cache", "empty", partial(local.sessions.delete, keys.key))
        stored = keys.bound()
        if self._target.user is None or (stored is None and not keys.intents()):
            return
        names = {local.vault.name, "" if stored is None else stored.vault}
        names |= {name for intent in keys.intents() for name in (intent.vault, intent.retired_vault)}
        for name in sorted(names - {""}):
            self._step("vault", name, "holds no secret of it", partial(self._forget_in, name))
        # Last: a binding or an open operation is what a later run knows the secrets by.
        self._step("pointer", self._target.identity, "no key is in use here", self._forget_pointer)

    def _forget_pointer(self) -> None:
        keys = self._keys
        with keys.locked():
            stored = keys.bound()
            if stored is not None and stored.access_key is not None:
                keys.local.bindings.put(stored._replace(access_key=None, updated=keys.local.clock.now()))
            for intent in keys.intents():
                keys.local.intents.close(intent.operation)

    def _forget_in(self, vault: str) -> None:
        local, keys = self._keys.local, self._keys
        with keys.locked():
            forget_secrets(keys.user, keys.key, local.vault_for(vault), local, self._bound)

    def _switched_off(self, user: str) -> tuple[AccessKeyId, ...]:
        """Give the user's keys, which must all be off. One that is on was made since, and nobody here knows by whom."""
        listed = self._iam.list_access_keys(user)
        on = [key for key in listed.keys if key.status == "Active"]
        if on:
            raise LeastkeyError(
                "unknown-key",
                f"`{user}` has a key that is switched on, although `{self._target.identity}` is revoked",
                why=tuple(f"{shown(key.id)}  made {key.created:%Y-%m-%d %H:%M}Z" for key in on),
                state="nothing was changed, the identity stays revoked",
                remedy=f"switch it off too: `leastkey revoke {self._target.identity}`",
            )
        return tuple(key.id for key in listed.keys)

    def _delete_key(self, user: str, key: AccessKeyId) -> None:
        unless_missing(partial(self._iam.delete_access_key, user, key))

    def _step(self, noun: str, name: str, note: str, act: Callable[[], None]) -> None:
        """Make one step; what goes wrong is written down, and the next one is made all the same."""
        started = self._keys.local.clock.monotonic()
        try:
            act()
        except AwsError as error:
            self._failed(Step(noun, name, note, refusal(error).what))
        except LeastkeyError as error:
            self._failed(Step(noun, name, note, error.what))
        else:
            self._done(Step(noun, name, note), self._keys.local.clock.monotonic() - started)

    def _done(self, step: Step, seconds: float = 0.0) -> None:
        self._cut.steps.append(step)
        self._keys.progress.done(step.noun, step.name, seconds, step.note)

    def _failed(self, step: Step) -> None:
        self._cut.steps.append(step)
        self._keys.progress.failed(step.noun, f"{step.name}   {step.fault}")

    def _write(self, call: str, target: str, send: Callable[[], None]) -> None:
        self._journal("about", call, target)
        patiently(send, self._keys.local.clock, Hopes(fresh=False, again=True))
        self._journal("done", call, target)

    def _journal(self, phase: Literal["begin", "about", "done", "end"], call: str, target: str) -> None:
        """Journal; a disk that is full keeps nobody from cutting access."""
        local = self._keys.local
        try:
            local.journal.write(JournalEntry(self._keys.operation, local.clock.now(), phase, call, target))
        except LeastkeyError as error:
            self._journal_fault = error.what
