"""Tokens as GitHub Actions, GitLab CI and other identity providers shape them, signed with the sandbox's own key.

Source: GitHub Docs, "OpenID Connect reference"; GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens".
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from leastkey.iam.issuers import GITHUB, GITLAB
from leastkey.sandbox.state.issuers import KEY_ID, base64url, new_rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from leastkey.sandbox.state.issuers import Issuers

    Given = Mapping[str, str]

__all__ = ["WORDS", "mint"]

WORDS: Final = (
    "kind",
    "project",
    "ref",
    "environment",
    "audience",
    "subject",
    "issuer",
    "body",
    "fault",
)
"""What a token is asked for with; `body` is a JSON object of further claims."""
_SECONDS: Final = 300
_OWN_OPTIONS: Final = frozenset({"iss", "aud", "iat", "nbf", "exp"})
_PROJECT: Final = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
_REF: Final = re.compile(r"refs/[a-z]+/[!-~]+")
_FAULTS: Final = ("", "expired", "forged")


def mint(issuers: Issuers, given: Given, now: datetime) -> tuple[str, Mapping[str, Any]]:
    """Make a token, and say its claims. Raises ValueError."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    shape, fault = _SHAPES.get(given.get("kind", "")), given.get("fault", "")
    if shape is None or fault not in _FAULTS:
        raise ValueError("a token's kind is github, gitlab or generic, its fault expired or forged")
    begins = int(now.timestamp()) - (2 * _SECONDS if fault == "expired" else 0)
    claims = {
        **shape(given),
        "aud": given.get("audience") or "sts.amazonaws.com",
        "jti": str(uuid.uuid4()),
        "iat": begins,
        "nbf": begins,
        "exp": begins + _SECONDS,
        **_claims(given.get("body") or "{}"),
    }
    own = issuers.play(claims["iss"])
    key = new_rsa_key() if fault == "forged" else own
    signed = f"{_json({'alg': 'RS256', 'kid': KEY_ID, 'typ': 'JWT'})}.{_json(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64url(signature)}", claims


def _github(given: Given) -> dict[str, Any]:
    project, ref = _project(given), _ref(given)
    owner, environment = project.partition("/")[0], given.get("environment", "")
    is_request = ref.startswith("refs/pull/")
    part = "pull_request" if is_request else f"ref:{ref}"
    workflow = f"{project}/.github/workflows/deploy.yml@{ref}"
    return {
        "iss": GITHUB,
        "sub": f"repo:{project}:{f'environment:{environment}' if environment else part}",
        "repository": project,
        "repository_id": _number(project),
        "repository_owner": owner,
        "repository_owner_id": _number(owner),
        "repository_visibility": "private",
        "ref": ref,
        "ref_type": _ref_type(ref),
        "sha": _sha(project, ref),
        "actor": "octocat",
        "actor_id": _number("octocat"),
        "event_name": "pull_request" if is_request else "push",
        "workflow": "deploy",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
        **({"environment": environment} if environment else {}),
    }


def _gitlab(given: Given) -> dict[str, Any]:
    project, ref = _project(given), _ref(given)
    kind, name = _ref_type(ref), ref.split("/", 2)[2]
    namespace, environment = project.rpartition("/")[0], given.get("environment", "")
    return {
        "iss": given.get("issuer") or GITLAB,
        "sub": f"project_path:{project}:ref_type:{kind}:ref:{name}",
        "namespace_id": _number(namespace),
        "namespace_path": namespace,
        "project_id": _number(project),
        "project_path": project,
        "user_id": _number("tanuki"),
        "user_login": "tanuki",
        "pipeline_id": "1",
        "pipeline_source": "push",
        "job_id": "1",
        "ref": name,
        "ref_type": kind,
        "ref_path": ref,
        "sha": _sha(project, ref),
        "runner_environment": "gitlab-hosted",
        **({"environment": environment} if environment else {}),
    }


def _generic(given: Given) -> dict[str, Any]:
    if not given.get("subject"):
        raise ValueError("the token has no subject")
    return {"iss": given.get("issuer", ""), "sub": given["subject"]}


_SHAPES: Final[Mapping[str, Callable[[Given], dict[str, Any]]]] = {
    "github": _github,
    "gitlab": _gitlab,
    "generic": _generic,
}


def _project(given: Given) -> str:
    project = given.get("project", "")
    if not _PROJECT.fullmatch(project):
        raise ValueError(f"`{project}` is no repository or project, such as acme/app")
    return project


def _ref(given: Given) -> str:
    ref = given.get("ref") or "refs/heads/main"
    if not _REF.fullmatch(ref):
        raise ValueError(f"`{ref}` is no ref, such as refs/heads/main or refs/tags/v1")
    return ref


def _ref_type(ref: str) -> str:
    return "tag" if ref.startswith("refs/tags/") else "branch"


def _number(name: str) -> str:
    """Give the id of a name: always the same, and another for another name."""
    return str(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))


def _sha(project: str, ref: str) -> str:
    return hashlib.sha256(f"{project} {ref}".encode()).hexdigest()[:40]


def _claims(text: str) -> dict[str, Any]:
    """Read further claims, a JSON object."""
    try:
        claims: dict[str, Any] = dict(json.loads(text).items())
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("the claims are no JSON object") from None
    own = sorted(_OWN_OPTIONS & claims.keys())
    if own:
        raise ValueError(f"{', '.join(own)}: the issuer, the audience and the times are not given as claims")
    return claims


def _json(part: Mapping[str, Any]) -> str:
    return base64url(json.dumps(part, separators=(",", ":")).encode())
