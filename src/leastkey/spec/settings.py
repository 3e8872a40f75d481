"""The values that are one text each: project, region, output, target, session, names, description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.iam.catalog import nearest
from leastkey.iam.limits import DESCRIPTION_CHARACTERS, SESSION_SECONDS_MAX, SESSION_SECONDS_MIN
from leastkey.iam.names import name_fault
from leastkey.spec.faults import invalid, shown, unknown
from leastkey.spec.fields import text_of

if TYPE_CHECKING:
    from leastkey.iam.names import Kind
    from leastkey.spec.model import Target
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = [
    "DURATION",
    "NAME",
    "NAME_CHARACTERS",
    "OUTPUTS",
    "REGION",
    "REGIONS",
    "UNFIT_IDENTITY",
    "check_identity_name",
    "project_fault",
    "read_description",
    "read_iam_name",
    "read_output",
    "read_project",
    "read_region",
    "read_session",
    "read_target",
    "read_version",
    "region_caution",
]

OUTPUTS: Final = ("json", "yaml", "yaml-stream", "text", "table")
"""What `aws configure` takes as output. Source: AWS CLI User Guide, "Setting the output format"."""

REGIONS: Final = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
)
"""Regions to suggest. One that is not here is taken when it has a region's form: AWS opens new ones."""

REGION: Final = re.compile(r"[a-z]{2,5}(-[a-z]{2,})+-[0-9]{1,2}", re.ASCII)
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
NAME_CHARACTERS: Final = 64
DURATION: Final = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?", re.ASCII)
UNFIT_IDENTITY: Final = "default"
_DESCRIPTION: Final = re.compile("[\t\n\r\x20-\x7e\xa1-\xff]*")
"""Source: IAM API Reference, CreateRole, `Description`."""


def read_version(node: Node) -> None:
    """Refuse a spec for another version of the format. Raises LeastkeyError."""
    text = text_of(node, "version")
    if text.value != "1":
        raise invalid(
            text.place,
            f"`version: {shown(text.value)}` is not a format this leastkey reads",
            why="there is one so far",
            remedy="write `version: 1`",
        )


def project_fault(name: str) -> str | None:
    """Say why a name cannot be a project: it is part of an IAM path and the value of a tag."""
    if len(name) > NAME_CHARACTERS:
        return f"a project's name has at most {NAME_CHARACTERS} characters, this has {len(name)}"
    if not NAME.fullmatch(name):
        return (
            "a project's name is made of letters, digits, `.`, `_` and `-`, and begins with a letter or digit"
        )
    return None


def read_project(node: Node) -> str:
    """Give the project's name. Raises LeastkeyError."""
    text = text_of(node, "project")
    fault = project_fault(text.value)
    if fault is not None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no project name",
            why=fault,
            remedy="as in `project: acme-reports`",
        )
    return text.value


def read_region(node: Node) -> str:
    """Give the region. Raises LeastkeyError."""
    text = text_of(node, "region")
    if not REGION.fullmatch(text.value):
        raise unknown(text.place, text.value, "no AWS region", REGIONS, remedy="as in `region: eu-west-1`")
    return text.value


def region_caution(region: str) -> str | None:
    """Say that a region is not among those leastkey knows; it is taken all the same."""
    if region in REGIONS:
        return None
    close = nearest(region, REGIONS)
    told = f"`{shown(region)}` is no region leastkey knows; it is taken as it is"
    return told if close is None else f"{told}. Did you mean `{close}`?"


def read_output(node: Node) -> str:
    """Give the output format of the AWS CLI. Raises LeastkeyError."""
    text = text_of(node, "output")
    if text.value not in OUTPUTS:
        raise unknown(text.place, text.value, "no output format of the AWS CLI", OUTPUTS)
    return text.value


def read_target(node: Node) -> Target:
    """Give the target. Raises LeastkeyError."""
    text = text_of(node, "target")
    match text.value:
        case "aws":
            return "aws"
        case "sandbox":
            return "sandbox"
        case _:
            raise unknown(text.place, text.value, "no target", ("aws", "sandbox"))


def read_session(node: Node) -> int:
    """Give a session's length in seconds, from `1h`, `90m`, `3600s` or `1h30m`. Raises LeastkeyError."""
    text = text_of(node, "session")
    found = DURATION.fullmatch(text.value)
    if found is None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` is no length of time",
            why="a number needs its unit: h, m or s",
            remedy="as in `session: 1h` or `session: 90m`",
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = hours * 3600 + minutes * 60 + seconds
    if not SESSION_SECONDS_MIN <= length <= SESSION_SECONDS_MAX:
        raise invalid(
            text.place,
            f"a session of {shown(text.value)} is {'too short' if length < SESSION_SECONDS_MIN else 'too long'}",
            why="AWS gives sessions of 15 minutes to 12 hours",
            remedy="as in `session: 15m` or `session: 12h`",
        )
    return length


def read_description(node: Node) -> str:
    """Give a description that IAM takes. Raises LeastkeyError."""
    text = text_of(node, "description")
    value = text.value.strip()
    if len(value) > DESCRIPTION_CHARACTERS:
        raise invalid(
            text.place,
            f"the description has {len(value):,} characters",
            why=f"IAM takes {DESCRIPTION_CHARACTERS:,}",
            remedy="shorten it",
        )
    if not _DESCRIPTION.fullmatch(value):
        bad = next(character for character in value if not _DESCRIPTION.fullmatch(character))
        raise invalid(
            text.place,
            f"the description holds `{bad}`",
            why="IAM takes the characters of Latin-1 in a description, and no others",
            remedy="write it with plain letters",
        )
    return value


def read_iam_name(node: Node, name: str, kind: Kind) -> str:
    """Give a name that IAM takes for this kind of entity. Raises LeastkeyError."""
    text = text_of(node, name)
    fault = name_fault(kind, text.value)
    if fault is not None:
        raise invalid(
            text.place, f"`{shown(text.value)}` is no {kind} name", why=fault, remedy="shorten or respell it"
        )
    return text.value


def check_identity_name(text: Text) -> None:
    """Refuse a name that cannot be a profile's, a tag's value and part of IAM names. Raises LeastkeyError."""
    why: str | None = None
    if text.value == UNFIT_IDENTITY:
        why = "the profile is named after the identity, and every AWS tool falls back to `default`"
    elif len(text.value) > NAME_CHARACTERS:
        why = f"an identity's name has at most {NAME_CHARACTERS} characters, this has {len(text.value)}"
    elif not NAME.fullmatch(text.value):
        why = "an identity's name is made of letters, digits, `.`, `_` and `-`, and begins with a letter or digit"
    if why is not None:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` cannot be an identity's name",
            why=why,
            remedy="name it after the script, as in `nightly-reports`",
        )
