"""Variables, endpoints and keyrings: what else on this computer has a word in who AWS's tools are, and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from leastkey.disk.aws_config import AwsProfiles
from leastkey.doctor.finding import Finding
from leastkey.iam.endpoints import is_aws, is_loopback
from leastkey.vault.backends import insecure_backends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leastkey.doctor.finding import Surroundings

__all__ = ["endpoints", "keyrings", "left_over"]

_WHO: Final = {
    "AWS_ACCESS_KEY_ID": "a key in variables wins over profiles",
    "AWS_SECRET_ACCESS_KEY": "a secret that every program started here can read",
    "AWS_SESSION_TOKEN": "goes with a key in variables, and ends before they do",
    "AWS_SECURITY_TOKEN": "the old name of AWS_SESSION_TOKEN, which some tools still read",
    "AWS_PROFILE": "names the profile of every tool that is told none",
    "AWS_DEFAULT_PROFILE": "names the profile of every tool that is told none",
    "AWS_ROLE_ARN": "with a token file, it wins over profiles",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "with a role, it wins over profiles",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "an endpoint that hands out credentials",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "wins over AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CA_BUNDLE": "says which servers are believed to be AWS",
}


def left_over(around: Surroundings) -> Iterator[Finding]:
    """Look for variables that decide who AWS's tools are. Their values are not shown."""
    for name, why in _WHO.items():
        if around.environ.get(name):
            yield Finding("warn", f"{name} is set: {why}", (f"unset {name}",))


def endpoints(around: Surroundings) -> Iterator[Finding]:
    """Look where AWS's tools are led: an endpoint that is neither AWS's nor on this computer gets every signed request."""
    found = [
        (name, value)
        for name, value in sorted(around.environ.items())
        if name.startswith("AWS_ENDPOINT_URL") and value
    ]
    for place, url in (*found, *AwsProfiles(around.environ).endpoints()):
        why = _poisoned(url)
        if why is not None:
            yield Finding(
                "bad",
                f"{place} leads AWS's tools to a host that {why}",
                (f"unset {place}" if place.startswith("AWS_") else f"take it out: {place}",),
            )
    yield from _bound(around)


def _bound(around: Surroundings) -> Iterator[Finding]:
    """Compare the endpoint a profile of ours has with the one its identity was made at."""
    local = around.local()
    for binding in around.bindings():
        if binding.profile is None or binding.config_file != local.profiles.config_file:
            continue
        section = local.profiles.read(binding.profile)
        if section is None:
            continue
        there = dict(section.settings).get("endpoint_url")
        if (there or "").rstrip("/") != (binding.endpoint_url or "").rstrip("/"):
            meant = "AWS's own" if binding.endpoint_url is None else binding.endpoint_url
            yield Finding(
                "bad",
                f"the profile `{binding.profile}` has another endpoint than its identity: meant is {meant}",
                ("leastkey up",),
            )


def _poisoned(url: str) -> str | None:
    """Say what is wrong with an endpoint, None where it is AWS's, by HTTPS, or on this computer."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "is no host at all: it is no URL"
    if "@" in parts.netloc:
        return "gets a user name or password with it"
    if is_loopback(host):
        return None
    if not is_aws(host):
        return "is neither AWS's nor this computer"
    return None if parts.scheme == "https" else "is AWS's, but is spoken to in the clear"


def keyrings(around: Surroundings) -> Iterator[Finding]:
    """Look for back ends of the keyring library that keep secrets in the clear."""
    for what, fix in insecure_backends(around.environ):
        yield Finding("warn", what, (fix,))
