"""Step 6: the profile that serves the identity: region, output and a command, never a secret.

A profile belongs to us when its `credential_process` is our helper with the binding's own id. Any other section of
that name is somebody's and stays as it is.
Source: AWS CLI User Guide, "Configuration and credential file settings"; SDKs and Tools Reference Guide, "Process
credential provider".
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leastkey.errors import LeastkeyError
from leastkey.keys.helper import check_helper, is_stale, parse_command
from leastkey.plan.diff_key import profile_taken
from leastkey.ports.binding import binding_id
from leastkey.ports.local import ProfileSection

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.compile.wanted import WantedProfile
    from leastkey.plan.seen_local import ProfileState
    from leastkey.ports.binding import Binding, BindingKey
    from leastkey.ports.local import HelperCommand, Local, Profiles

__all__ = [
    "COMMAND",
    "EARLIER",
    "bind_profile",
    "place_in_the_way",
    "profile_section",
    "profile_state",
    "repair_profiles",
    "unbind_profile",
]

COMMAND: Final = "credential_process"
OURS: Final = ("region", "output", "endpoint_url", COMMAND)
S3: Final = ("s3", "\nsignature_version = s3v4")
"""Goes with `endpoint_url` where the section has no S3 settings: in some regions botocore presigns S3 URLs with Signature
Version 2, which AWS takes for old buckets only. Source: Amazon S3 User Guide, "AWS Signature Version 2 Turned Off"."""
EARLIER: Final = frozenset(
    {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "login_session"}
)
"""Settings of the same section that AWS's tools look at before `credential_process`."""


def profile_section(
    wanted: WantedProfile, key: BindingKey, endpoint_url: str | None, helper: HelperCommand
) -> ProfileSection:
    """Give the section to write. `endpoint_url` stands in it only where the endpoint is not AWS's own."""
    check_helper(helper)
    endpoint = () if endpoint_url is None else (("endpoint_url", endpoint_url), S3)
    return ProfileSection(
        wanted.name,
        (
            ("region", wanted.region),
            ("output", wanted.output),
            *endpoint,
            (COMMAND, helper.line(binding_id(key))),
        ),
    )


def profile_state(
    wanted: WantedProfile,
    key: BindingKey,
    endpoint_url: str | None,
    local: Local,
) -> ProfileState:
    """Say what stands in the AWS config file under the profile's name. Settings the user added to ours are the user's."""
    profiles = local.profiles
    section = profiles.read(wanted.name)
    if profiles.shadowed_by(wanted.name) is not None:
        return "shadowed"
    if section is None:
        return "absent"
    seen = dict(section.settings)
    if not _is_of(seen, key):
        return "foreign"
    if EARLIER & seen.keys():
        return "shadowed"
    ours = dict(profile_section(wanted, key, endpoint_url, local.helper).settings)
    is_current = all(seen.get(name) == ours.get(name) for name in OURS) and (
        S3[0] in seen or S3[0] not in ours
    )
    return "ours-current" if is_current else "ours-stale"


def place_in_the_way(state: ProfileState, name: str, profiles: Profiles) -> str | None:
    """Say where the section or the static key stands that keeps a profile from being ours."""
    if state not in {"foreign", "shadowed"}:
        return None
    return (profiles.shadowed_by(name) if state == "shadowed" else None) or profiles.config_file


def bind_profile(wanted: WantedProfile, binding: Binding, local: Local) -> bool:
    """Write the profile and remember it in the binding; says whether the file changed.

    A section of ours under an older name is removed afterwards. Refused: a profile that is not ours, and one that a
    static key would win over.
    """
    section = profile_section(wanted, binding.key, binding.endpoint_url, local.helper)
    state = profile_state(wanted, binding.key, binding.endpoint_url, local)
    if state in {"foreign", "shadowed"}:
        place = place_in_the_way(state, wanted.name, local.profiles)
        raise profile_taken(state, binding.key.identity, wanted.name, place)
    changed = local.profiles.write(_beside_users_own(section, local.profiles))
    stored = local.bindings.get(binding.key) or binding
    previous, file = stored.profile, local.profiles.config_file
    bound = stored._replace(
        region=binding.region,
        endpoint_url=binding.endpoint_url,
        role=binding.role,
        session_seconds=binding.session_seconds,
        profile=wanted.name,
        config_file=file,
        updated=local.clock.now(),
    )
    local.bindings.put(bound)
    if previous is not None and previous != wanted.name and stored.config_file == file:
        changed = _remove_ours(previous, binding.key, local) or changed
    return changed


def unbind_profile(key: BindingKey, local: Local, *, exists: Callable[[str], bool] = os.path.exists) -> bool:
    """Forget an identity on this computer: its profile if it is still ours, cached session, binding. Says whether it was there.

    Keys and their secrets are gone before (`remove_keys`). Running it again is harmless.
    """
    stored = local.bindings.get(key)
    if stored is None:
        return False
    if stored.profile is not None:
        here = stored.config_file in {None, local.profiles.config_file}
        if not here and exists(str(stored.config_file)):
            raise LeastkeyError(
                "config-invalid",
                f"the profile `{stored.profile}` stands in another file: `{stored.config_file}`",
                why=f"AWS_CONFIG_FILE now leads to `{local.profiles.config_file}`",
                state="the profile was not removed; the access key is gone already",
                remedy=f"run the same command again with AWS_CONFIG_FILE={stored.config_file}",
            )
        if here:
            _remove_ours(stored.profile, key, local)
    local.sessions.delete(key)
    local.bindings.delete(key)
    return True


def repair_profiles(local: Local, *, exists: Callable[[str], bool] = os.path.exists) -> tuple[str, ...]:
    """Point profiles of ours at this installation where theirs is gone; gives their names.

    A helper that still runs is left alone, so two installations do not take turns.
    """
    repaired: list[str] = []
    for binding in local.bindings.all():
        if binding.profile is None or binding.config_file != local.profiles.config_file:
            continue
        section = local.profiles.read(binding.profile)
        found = None if section is None else parse_command(dict(section.settings).get(COMMAND, ""))
        if (
            section is None
            or found is None
            or found[1] != binding_id(binding.key)
            or not is_stale(found[0], exists=exists)
        ):
            continue
        try:
            check_helper(local.helper)
        except LeastkeyError:
            break  # this installation may not stand in a profile either; the command that writes one says so
        mine = {name: value for name, value in section.settings if name in OURS}
        mine[COMMAND] = local.helper.line(found[1])
        if local.profiles.write(ProfileSection(section.name, tuple(mine.items()))):
            repaired.append(section.name)
    return tuple(repaired)


def _beside_users_own(section: ProfileSection, profiles: Profiles) -> ProfileSection:
    """Give the section without S3 settings where it has some: the user may have added to them."""
    seen = profiles.read(section.name)
    if seen is None or S3[0] not in dict(seen.settings):
        return section
    return replace(section, settings=tuple(each for each in section.settings if each is not S3))


def _is_of(settings: dict[str, str], key: BindingKey) -> bool:
    found = parse_command(settings.get(COMMAND, ""))
    return found is not None and found[1] == binding_id(key)


def _remove_ours(name: str, key: BindingKey, local: Local) -> bool:
    section = local.profiles.read(name)
    return section is not None and _is_of(dict(section.settings), key) and local.profiles.remove(name)
