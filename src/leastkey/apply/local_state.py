"""What this computer knows of a project: bindings, profiles, open key operations, secrets held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.compile.wanted import Wanted
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId
from leastkey.keys.profile import profile_state
from leastkey.plan.seen_local import LocalIdentity, SeenLocal
from leastkey.ports.local import Binding, BindingKey, vault_entry

if TYPE_CHECKING:
    from leastkey.compile.wanted import WantedIdentity
    from leastkey.iam.arn import AccountId
    from leastkey.plan.seen_local import ProfileState
    from leastkey.ports.local import HelperCommand, Intent, Local

__all__ = ["see_local"]

_USUAL = "/.aws/config"
_CLOSED = frozenset({"vault-locked", "no-vault"})


def see_local(
    project: Wanted | str,
    account: AccountId,
    endpoint: str | None,
    local: Local,
    *,
    helper: HelperCommand,
    endpoint_url: str | None = None,
) -> SeenLocal:
    """Give what is known. With a compiled project its profiles are looked at; with a name alone, only what is remembered."""
    name = project.project if isinstance(project, Wanted) else project
    here = (account, endpoint, name)
    bound = {each.key.identity: each for each in local.bindings.all() if _place(each.key) == here}
    intents = [intent for intent in local.intents.open() if _place(intent.key) == here]
    wanted = {each.name: each for each in project.identities} if isinstance(project, Wanted) else {}
    names = {*bound, *(intent.key.identity for intent in intents), *wanted}
    lost = _lost(list(bound.values()), local)
    look = _Look(account, endpoint, name, endpoint_url, local, helper, lost)
    identities = {
        each: look.identity(bound.get(each), [i for i in intents if i.key.identity == each], wanted.get(each))
        for each in sorted(names)
    }
    unbound = any(each.access_key is None for each in identities.values())
    config = local.profiles.config_file
    return SeenLocal(
        identities,
        _held(account, endpoint, local) if unbound else {},
        f"~{_USUAL}" if config.replace("\\", "/").endswith(_USUAL) else config,
    )


class _Look:
    """Looks at one identity after the other."""

    def __init__(
        self,
        account: AccountId,
        endpoint: str | None,
        project: str,
        endpoint_url: str | None,
        local: Local,
        helper: HelperCommand,
        lost: frozenset[BindingKey],
    ) -> None:
        self._account = account
        self._endpoint = endpoint
        self._project = project
        self._endpoint_url = endpoint_url
        self._local = local
        self._helper = helper
        self._lost = lost

    def identity(
        self, bound: Binding | None, intents: list[Intent], wanted: WantedIdentity | None
    ) -> LocalIdentity:
        """Give what is known of one identity."""
        user = intents[0].user if bound is None and intents else None if bound is None else bound.user
        state, place = ("absent", None) if wanted is None else self._profile(wanted, bound)
        return LocalIdentity(
            user=user,
            access_key=None if bound is None else bound.access_key,
            bound_profile=None if bound is None else bound.profile,
            profile=state,
            profile_place=place,
            settling=len(intents),
            is_secret_lost=bound is not None and bound.key in self._lost,
        )

    def _profile(self, wanted: WantedIdentity, bound: Binding | None) -> tuple[ProfileState, str | None]:
        if wanted.profile is None or wanted.user is None:
            return "absent", None
        profiles = self._local.profiles
        binding = Binding(
            key=BindingKey(self._account, self._endpoint, self._project, wanted.name),
            partition=wanted.role.arn.partition,
            region=wanted.profile.region,
            target="aws",
            endpoint_url=self._endpoint_url,
            role=wanted.role.arn,
            user=wanted.user.name,
            access_key=None,
            vault="",
            session_seconds=wanted.session_seconds,
            profile=None,
            config_file=None,
            updated=self._local.clock.now(),
        )
        state = profile_state(wanted.profile, binding, self._helper, profiles)
        if state == "ours-current" and not _serves(bound, binding, wanted.profile.name):
            state = "ours-stale"
        place = profiles.shadowed_by(wanted.profile.name) if state == "shadowed" else None
        return state, place or (profiles.config_file if state in {"foreign", "shadowed"} else None)


def _serves(bound: Binding | None, wanted: Binding, profile: str) -> bool:
    """Say whether the broker behind a profile would do what the spec says."""
    if bound is None or bound.profile != profile:
        return False
    told = (bound.role, bound.session_seconds, bound.region, bound.endpoint_url)
    return told == (wanted.role, wanted.session_seconds, wanted.region, wanted.endpoint_url)


def _place(key: BindingKey) -> tuple[str, str | None, str]:
    return key.account, key.endpoint, key.project


def _lost(bound: list[Binding], local: Local) -> frozenset[BindingKey]:
    """Give the identities whose key in use has no secret in its vault. What a locked vault holds nobody knows."""
    entries: dict[str, frozenset[str] | None] = {}
    for name in {binding.vault for binding in bound if binding.access_key is not None}:
        try:
            entries[name] = frozenset(local.vault_for(name).entries())
        except LeastkeyError as error:
            if error.code not in _CLOSED:
                raise
            entries[name] = None
    return frozenset(
        binding.key
        for binding in bound
        if binding.access_key is not None
        and (held := entries[binding.vault]) is not None
        and vault_entry(binding.key.account, binding.key.endpoint, binding.user, binding.access_key)
        not in held
    )


def _held(account: AccountId, endpoint: str | None, local: Local) -> dict[str, frozenset[AccessKeyId]]:
    """Give the keys whose secrets lie in the vault, by lower-case user name."""
    prefix = f"{account}/{endpoint or 'aws'}/"
    held: dict[str, set[AccessKeyId]] = {}
    for entry in local.vault.entries():
        user, _, key = entry.removeprefix(prefix).rpartition("/")
        if entry.startswith(prefix) and user and "/" not in user:
            held.setdefault(user.lower(), set()).add(AccessKeyId(key))
    return {user: frozenset(keys) for user, keys in held.items()}
