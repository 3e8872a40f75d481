"""A GitLab CI job that wears a role: the token comes as a variable, and the AWS CLI takes it from a file.

Source: GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens", "CI/CD YAML syntax reference" (id_tokens,
rules); AWS CLI User Guide, "Environment variables".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.export.job import commented, quoted
from leastkey.spec.model import shown_ref

if TYPE_CHECKING:
    from leastkey.export.job import Job
    from leastkey.spec.model import GitlabUse

__all__ = ["gitlab_job"]

_SCRIPT: Final = """\
  script:
    - umask 077
    - export AWS_WEB_IDENTITY_TOKEN_FILE="$(mktemp)"
    - printf '%s' "$AWS_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    - unset AWS_TOKEN
    - aws sts get-caller-identity
"""


def gitlab_job(job: Job, use: GitlabUse) -> str:
    """Give the job whose token carries exactly the claims that the role's trust asks for."""
    kind, _, name = shown_ref(use.ref).partition(" ")
    variable = "CI_COMMIT_TAG" if kind == "tag" else "CI_COMMIT_BRANCH"
    lines = [
        *commented(
            f"A job for .gitlab-ci.yml of {use.project}, in any image that has the AWS CLI",
            "",
            "No key is stored anywhere: GitLab signs a token for this job, and AWS takes it for the role.",
            f"The trust lets in {use.wearer}: protect this {kind}, so that not everybody can push it.",
            f"A session lives {job.session}.",
        ),
        f"{quoted(f'aws-{job.identity}')}:",
        "  rules:",
        f"    - if: {quoted(f'${variable} == {chr(34)}{name}{chr(34)}')}",
        "  id_tokens:",
        "    AWS_TOKEN:",
        f"      aud: {quoted(use.audience)}",
        "  variables:",
        f"    AWS_ROLE_ARN: {quoted(job.role)}",
        f"    AWS_REGION: {quoted(job.region)}",
        f"    AWS_DEFAULT_REGION: {quoted(job.region)}",
        "    AWS_ROLE_SESSION_NAME: gitlab-$CI_JOB_ID",
    ]
    return "\n".join(lines) + "\n" + _SCRIPT
