"""What several operations of STS take: session policies, session tags, and the code of an MFA device.

Source: STS API Reference, AssumeRole, GetFederationToken, GetSessionToken; IAM User Guide, "Session policies",
"Pass session tags in AWS STS".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from leastkey.evaluate.request import NamedDocument
from leastkey.iam.document import DocumentError, load_document
from leastkey.sandbox.errors import not_built
from leastkey.sandbox.request import Refusal
from leastkey.sandbox.state.totp import step_of
from leastkey.sandbox.sts.answers import NoError, invalid, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from leastkey.sandbox.request import AwsRequest, Caller
    from leastkey.sandbox.state.world import World

__all__ = [
    "NAME",
    "checked_tags",
    "flat_form",
    "has_second_factor",
    "packed_xml",
    "session_policies",
    "session_tags",
]

NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)

_MEMBER: Final = re.compile(
    r"(?:PolicyArns\.member\.[0-9]{1,3}\.arn|Tags\.member\.[0-9]{1,3}\.(?:Key|Value)"
    r"|TransitiveTagKeys\.member\.[0-9]{1,3})",
    re.ASCII,
)
_TAG_KEY: Final = re.compile(r"[\w .:/=+\-@]{1,128}")
_TAG_VALUE: Final = re.compile(r"[\w .:/=+\-@]{0,256}")
_CODE: Final = re.compile(r"[\d]{6}", re.ASCII)
_SERIAL: Final = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)
_POLICY_CHARACTERS: Final = 2_048
_POLICIES: Final = 10
_TAGS: Final = 50


def flat_form(request: AwsRequest, operation: str, known: frozenset[str]) -> dict[str, str]:
    """Give the parameters by name. One that is AWS's and not ours is refused: it could not be honoured."""
    flat = {name: values[0] for name, values in request.form.items()}
    allowed = known | {"Action", "Version"}
    unknown = next((name for name in flat if name not in allowed and not _MEMBER.fullmatch(name)), None)
    if unknown is not None:
        raise NoError(not_built(f"The parameter {unknown} of sts:{operation}"))
    return flat


def session_policies(flat: Mapping[str, str], account: str, world: World) -> tuple[NamedDocument, ...]:
    """Read the session policies, the managed ones from the account whose role or user it is."""
    found: list[NamedDocument] = []
    text = flat.get("Policy")
    if text is not None:
        if len(text) > _POLICY_CHARACTERS:
            raise invalid(
                f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: "
                "Member must have length less than or equal to 2048"
            )
        try:
            found.append(NamedDocument("session policy", load_document(text, "identity")))
        except DocumentError as error:
            raise NoError(Refusal(400, "MalformedPolicyDocument", str(error))) from None
    arns = [value for name, value in flat.items() if name.startswith("PolicyArns.")]
    if len(arns) > _POLICIES:
        raise invalid("A session takes at most 10 managed policies.")
    for arn in arns:
        known = world.managed_document(account, arn) if world.accounts.has(account) else None
        if known is None:
            raise invalid(f"PolicyArns: {arn} does not exist in the role's account.")
        found.append(NamedDocument(arn, known))
    return tuple(found)


def session_tags(flat: Mapping[str, str]) -> dict[str, str]:
    """Read the session tags."""
    indexes = {name.split(".")[2] for name in flat if name.startswith("Tags.")}
    return checked_tags(
        [
            (flat.get(f"Tags.member.{index}.Key", ""), flat.get(f"Tags.member.{index}.Value", ""))
            for index in sorted(indexes, key=int)
        ]
    )


def checked_tags(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Refuse tags that AWS would not take: too many, a key twice whatever its letter case, a character it lacks."""
    for key, value in pairs:
        shaped("tags.member.key", key, _TAG_KEY)
        shaped("tags.member.value", value, _TAG_VALUE)
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys may not begin with `aws:`.")
    if len({key.lower() for key, _ in pairs}) != len(pairs):
        raise NoError(
            Refusal(
                400,
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        )
    if len(pairs) > _TAGS:
        raise invalid("Session tags have keys that differ, at most 50 of them.")
    return dict(pairs)


def packed_xml(flat: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """Write how full the packed session policies and tags are, or refuse them when they are too large.

    AWS packs them in a binary form that it does not describe. Here characters count, against 4,096: nothing that AWS's
    own limits of characters, policies and tags let pass is refused before them but by this sum.
    """
    texts = [value for name, value in flat.items() if name == "Policy" or name.startswith("PolicyArns.")]
    size = sum(map(len, texts)) + sum(len(key) + len(value) for key, value in tags.items())
    if not size:
        return ""
    percent = -(-size * 100 // 4096)
    if percent > 100:
        words = f"Packed size of session tags consumes {percent}% of allotted space."
        raise NoError(Refusal(400, "PackedPolicyTooLarge", words))
    return f"<PackedPolicySize>{percent}</PackedPolicySize>"


def has_second_factor(flat: Mapping[str, str], caller: Caller, world: World, now: datetime) -> bool:
    """Check SerialNumber and TokenCode against the caller's device; False when neither is given."""
    serial, code = flat.get("SerialNumber"), flat.get("TokenCode")
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise _failed("must provide both MFA serial number and one time pass code.")
    shaped("serialNumber", serial, _SERIAL)
    shaped("tokenCode", code, _CODE)
    user: Any = world.user(caller.account, caller.user_name) if caller.user_name else None
    device = world.iam(caller.account).virtual_mfa_devices.get(serial)
    if user is None or device is None or serial not in user.mfa_devices:
        raise _failed(
            "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
        )
    step = step_of(device.base32_string_seed, code, now)
    if step is None or step <= getattr(
        device, "last_step", -1
    ):  # RFC 6238, section 5.2: a code is taken once
        raise _failed("with invalid MFA one time pass code. ")
    device.last_step = step
    return True


def _failed(why: str) -> NoError:
    joint = " " if why.startswith("with") else ", "
    return NoError(Refusal(403, "AccessDenied", f"MultiFactorAuthentication failed{joint}{why}"))
