"""What this computer knows of a project: bindings, profiles, open key operations, secrets held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import AccessKeyId
from leastkey.keys.profile import place_in_the_way, profile_state
from leastkey.plan.seen_local import LocalIdentity, SeenLocal
from leastkey.ports.binding import account_at, vault_entry
from leastkey.ports.local import ProjectKey, endpoint_key

if TYPE_CHECKING:
    from leastkey.compile.wanted import Wanted, WantedIdentity, WantedProfile
    from leastkey.plan.seen_local import ProfileState
    from leastkey.ports.binding import Binding, BindingKey
    from leastkey.ports.local import Intent, Local

__all__ = ["project_of", "see_local"]

_USUAL = "/.aws/config"
_CLOSED = frozenset({"vault-locked", "no-vault"})


def project_of(wanted: Wanted, endpoint_url: str | None) -> ProjectKey:
    """Give what a project is called on this computer."""
    return ProjectKey(wanted.account, endpoint_key(wanted.target, endpoint_url), wanted.project)


def see_local(wanted: Wanted, endpoint_url: str | None, local: Local) -> SeenLocal:
    """Give what is known of the project's identities: those the spec has, and those only this computer remembers."""
    project = project_of(wanted, endpoint_url)
    bound = {each.key.identity: each for each in local.bindings.all() if project.holds(each.key)}
    intents = [intent for intent in local.intents.open() if project.holds(intent.key)]
    identities = {each.name: each for each in wanted.identities}
    names = {*bound, *(intent.key.identity for intent in intents), *identities}
    look = _Look(project, endpoint_url, local, _lost(list(bound.values()), local))
    seen = {
        name: look.identity(
            bound.get(name), [each for each in intents if each.key.identity == name], identities.get(name)
        )
        for name in sorted(names)
    }
    is_unbound = any(each.access_key is None for each in seen.values())
    config = local.profiles.config_file
    return SeenLocal(
        seen,
        _held(project, local) if is_unbound else {},
        f"~{_USUAL}" if config.replace("\\", "/").endswith(_USUAL) else config,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at one identity after the other."""

    project: ProjectKey
    endpoint_url: str | None
    local: Local
    lost: frozenset[BindingKey]

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
            open_operations=sum(intent.phase != "grace" for intent in intents),
            is_secret_lost=bound is not None and bound.key in self.lost,
        )

    def _profile(self, wanted: WantedIdentity, bound: Binding | None) -> tuple[ProfileState, str | None]:
        if wanted.profile is None:
            return "absent", None
        key = self.project.binding(wanted.name)
        state = profile_state(wanted.profile, key, self.endpoint_url, self.local)
        if state == "ours-current" and not self._serves(bound, wanted, wanted.profile):
            state = "ours-stale"
        return state, place_in_the_way(state, wanted.profile.name, self.local.profiles)

    def _serves(self, bound: Binding | None, wanted: WantedIdentity, profile: WantedProfile) -> bool:
        """Say whether the broker behind a profile would do what the spec says."""
        if bound is None or bound.profile != profile.name:
            return False
        told = (bound.role, bound.session_seconds, bound.region, bound.endpoint_url)
        return told == (wanted.role.arn, wanted.session_seconds, profile.region, self.endpoint_url)


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


def _held(project: ProjectKey, local: Local) -> dict[str, frozenset[AccessKeyId]]:
    """Give the keys whose secrets lie in the vault, by lower-case user name."""
    prefix = f"{account_at(project.account, project.endpoint)}/"
    held: dict[str, set[AccessKeyId]] = {}
    for entry in local.vault.entries():
        user, _, key = entry.removeprefix(prefix).rpartition("/")
        if entry.startswith(prefix) and user and "/" not in user:
            held.setdefault(user.lower(), set()).add(AccessKeyId(key))
    return {user: frozenset(keys) for user, keys in held.items()}
