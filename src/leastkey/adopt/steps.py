"""How to move over, step by step: the new stands beside the old until the old one has proved to be idle.

leastkey does the first steps; what touches the old user or role is for its owner to type. Each thing that can be
undone comes before anything that cannot: a key is switched off long before it is deleted.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leastkey.adopt.existing import Existing, ExistingKey
    from leastkey.adopt.trust import Uses
    from leastkey.compile.wanted import WantedIdentity
    from leastkey.spec.model import Target

__all__ = ["Step", "steps_for"]

_SWITCHES: Final = {
    "lambda": ("aws lambda update-function-configuration --function-name FUNCTION --role {role}",),
    "ec2": (
        "aws ec2 describe-iam-instance-profile-associations",
        "aws ec2 replace-iam-instance-profile-association --association-id ID --iam-instance-profile Name={profile}",
    ),
}
"""How a service changes its role, where it is one command."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, what it proves, and the commands to type."""

    what: str
    proves: str
    commands: tuple[str, ...] = ()


def steps_for(existing: Existing, wanted: WantedIdentity, uses: Uses, target: Target) -> tuple[Step, ...]:
    """Give the steps, in the order that is safe."""
    steps = [
        Step("look at what would be made", "nothing of the old is in the plan", ("leastkey plan",)),
        Step(
            "make the new role beside the old one",
            "each line of the spec is tried, and what must be denied too",
            ("leastkey up",),
        ),
    ]
    if uses.has_user and wanted.profile is not None:
        steps += _script(wanted.profile.name, target)
    steps += [_service(name, wanted) for name in uses.services]
    if any("account:" in line for line in uses.lines):
        what = "tell the other account the new role"
        steps.append(Step(what, "it assumes the new role with its external id", (str(wanted.role.arn),)))
    if existing.kind == "user":
        steps += _user(existing)
    else:
        steps += _role(existing)
    return tuple(steps)


def _script(profile: str, target: Target) -> list[Step]:
    steps = [
        Step(
            "run the script once with the new role",
            "all it calls is allowed, before anything is switched",
            ("leastkey run -- ./your-script",),
        ),
        Step(
            "point the script at the new profile, and take the old key out of its settings",
            "the script runs as before",
            (f"export AWS_PROFILE={shlex.quote(profile)}", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
        ),
    ]
    if target == "sandbox":
        what = "for the commands below, become the sandbox's administrator"
        steps.append(Step(what, "`aws` asks the embedded AWS", ('eval "$(leastkey sandbox env)"',)))
    return steps


def _service(name: str, wanted: WantedIdentity) -> Step:
    profile = wanted.instance_profile.name if wanted.instance_profile else ""
    commands = tuple(
        one.format(role=wanted.role.arn, profile=profile)
        for one in _SWITCHES.get(name, (f"{wanted.role.arn}",))
    )
    what = f"let {name} wear the new role; who sets it needs iam:PassRole on it"
    return Step(what, "the workload runs as before", commands)


# --- the old user


def _user(existing: Existing) -> list[Step]:
    name = shlex.quote(existing.name)
    steps: list[Step] = []
    for key in existing.keys:
        steps += _key(key, name)
    if commands := _bare(existing):
        what = "take the old permissions away"
        steps.append(Step(what, "nobody uses them: the script is unharmed", commands))
    steps.append(
        Step(
            "delete the old user",
            "IAM refuses while something is left on it: MFA devices, SSH keys, certificates",
            (f"aws iam delete-user --user-name {name}",),
        )
    )
    return steps


def _key(key: ExistingKey, user: str) -> list[Step]:
    variable = f"KEY_{key.last_four}"
    query = f"AccessKeyMetadata[?ends_with(AccessKeyId, '{key.last_four}')].AccessKeyId"
    find = f'{variable}=$(aws iam list-access-keys --user-name {user} --output text --query "{query}")'
    update = f'aws iam update-access-key --user-name {user} --access-key-id "${variable}" --status'
    off = [
        Step(
            f"wait until the longest pause between two runs is over, then ask about key ...{key.last_four}",
            "the time of last use stands still: nobody needs this key",
            (find, f'aws iam get-access-key-last-used --access-key-id "${variable}"'),
        ),
        Step(
            f"switch key ...{key.last_four} off; `--status Active` switches it on again",
            "whoever still uses it fails now, and can be helped at once",
            (f"{update} Inactive",),
        ),
    ]
    delete = Step(
        f"wait again, then delete key ...{key.last_four}; this cannot be undone",
        "the old secret is worth nothing",
        (f'aws iam delete-access-key --user-name {user} --access-key-id "${variable}"',),
    )
    if key.is_active:
        return [*off, delete]
    return [Step(f"find key ...{key.last_four}, which is off already", "its id", (find,)), delete]


def _bare(existing: Existing) -> tuple[str, ...]:
    name = shlex.quote(existing.name)
    who = f"--{existing.kind}-name {name}"
    found: list[str] = []
    for policy in existing.policies:
        if policy.group is not None:
            continue
        if policy.kind == "inline":
            found.append(
                f"aws iam delete-{existing.kind}-policy {who} --policy-name {shlex.quote(policy.name)}"
            )
        else:
            found.append(
                f"aws iam detach-{existing.kind}-policy {who} --policy-arn {shlex.quote(str(policy.arn))}"
            )
    found += [
        f"aws iam remove-user-from-group {who} --group-name {shlex.quote(group)}" for group in existing.groups
    ]
    if existing.has_password:
        found.append(f"aws iam delete-login-profile {who}")
    return tuple(found)


# --- the old role


def _role(existing: Existing) -> list[Step]:
    name = shlex.quote(existing.name)
    deny = f"arn:{existing.arn.partition}:iam::aws:policy/AWSDenyAll"
    commands = [
        f"aws iam remove-role-from-instance-profile --instance-profile-name {shlex.quote(profile)} --role-name {name}"
        for profile in existing.instance_profiles
    ]
    return [
        Step(
            "wait until the longest pause between two runs is over, then ask about the old role",
            "the time of last use stands still: nobody wears it",
            (f"aws iam get-role --role-name {name} --query Role.RoleLastUsed",),
        ),
        Step(
            "switch the old role off; `detach-role-policy` switches it on again",
            "whoever still wears it fails now, and can be helped at once",
            (f"aws iam attach-role-policy --role-name {name} --policy-arn {deny}",),
        ),
        Step(
            "wait again, then delete the old role; this cannot be undone",
            "nothing of the old is left",
            (
                *commands,
                f"aws iam detach-role-policy --role-name {name} --policy-arn {deny}",
                *_bare(existing),
                f"aws iam delete-role --role-name {name}",
            ),
        ),
    ]
