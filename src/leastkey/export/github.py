"""A GitHub Actions workflow with one job that wears a role: no action of anybody is used, only curl, jq and the AWS CLI.

Source: GitHub Docs, "OpenID Connect reference", "Workflow syntax for GitHub Actions" (permissions, filter patterns),
"Requesting the JWT using environment variables"; AWS CLI User Guide, "Environment variables".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.export.job import commented, quoted

if TYPE_CHECKING:
    from leastkey.export.job import Job
    from leastkey.spec.model import GithubUse

__all__ = ["github_workflow"]

_HEADS: Final = "refs/heads/"
_SPECIAL: Final = re.compile(r"[+!\[\]?*]")
_TOKEN_FILE: Final = "${{ runner.temp }}/aws-token"  # noqa: S105  # the name of a file
_FETCH: Final = """\
      - name: Fetch this job's token
        env:
          AUDIENCE: {audience}
          TOKEN_FILE: {file}
        shell: bash
        run: |
          umask 077
          printf 'header = "Authorization: Bearer %s"\\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
            curl --config - --silent --show-error --fail --retry 3 \\
              "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$AUDIENCE" |
            jq --join-output --exit-status .value > "$TOKEN_FILE"
"""
_CHECK_OUT: Final = """\
      - name: Check the repository out
        env:
          GH_TOKEN: ${{ github.token }}
        shell: bash
        run: |
          gh auth setup-git
          git init --quiet .
          git fetch --quiet --depth 1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$GITHUB_SHA"
          git checkout --quiet FETCH_HEAD
"""
_WORK: Final = """\
      - name: Work
        env:
          AWS_WEB_IDENTITY_TOKEN_FILE: {file}
        shell: bash
        run: |
          aws sts get-caller-identity
"""


def github_workflow(job: Job, use: GithubUse) -> str:
    """Give the workflow file whose job carries exactly the claims that the role's trust asks for."""
    lines = [
        *commented(*_head(job, use)),
        f"name: {quoted(job.identity)}",
        *_trigger(use),
        "permissions: {}",
        "concurrency:",
        f"  group: {quoted(f'aws-{job.identity}')}",
        "  cancel-in-progress: false",
        "jobs:",
        "  aws:",
        f"    name: {quoted(job.identity)}",
        "    runs-on: ubuntu-latest",
        *([f"    environment: {quoted(use.environment)}"] if use.environment is not None else []),
        "    permissions:",
        "      id-token: write  # to ask for the token",
        "      contents: read  # to check the repository out",
        "    env:",
        f"      AWS_ROLE_ARN: {quoted(job.role)}",
        f"      AWS_REGION: {quoted(job.region)}",
        f"      AWS_DEFAULT_REGION: {quoted(job.region)}",
        "      AWS_ROLE_SESSION_NAME: github-${{ github.run_id }}",
        "    steps:",
    ]
    fetch = _FETCH.format(audience=quoted(_encoded(use.audience)), file=_TOKEN_FILE)
    return "\n".join(lines) + "\n" + _CHECK_OUT + fetch + _WORK.format(file=_TOKEN_FILE)


def _head(job: Job, use: GithubUse) -> list[str]:
    file = f".github/workflows/{job.identity}.yml"
    if use.workflow is not None:
        whole, _, ref = use.workflow.partition("@")
        owner, name, file = whole.split("/", 2)
        file = f"{file} in {owner}/{name}, at {ref}: the role's trust names this file"
    return [
        f"{file}",
        "",
        "No key is stored anywhere: GitHub signs a token for this job, and AWS takes it for the role.",
        f"The trust lets in {use.wearer}.",
        f"A session lives {job.session}, a token a few minutes: fetch another before commands that come later.",
    ]


def _trigger(use: GithubUse) -> list[str]:
    """Give when the job runs: where the trust names a ref, on that ref; in another repository's workflow, when called."""
    if use.workflow is not None and not use.workflow.startswith(f"{use.repository}/"):
        return ["on:", "  workflow_call:"]
    if use.ref is None:
        return ["on:", "  workflow_dispatch:"]
    kind = "branches" if use.ref.startswith(_HEADS) else "tags"
    name = use.ref.removeprefix(_HEADS).removeprefix("refs/tags/")
    return ["on:", "  push:", f"    {kind}: [{quoted(_SPECIAL.sub(_escaped, name))}]"]


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _encoded(text: str) -> str:
    """Give a text as a part of a query. Source: RFC 3986, section 2.3."""
    return "".join(each if re.fullmatch(r"[A-Za-z0-9._~-]", each) else f"%{ord(each):02X}" for each in text)
