"""Whatever use by token is accepted lets in the workload it names and no other, by the engine that judges for AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from tests.unit.compile.specs import ACCOUNT

from leastkey.compile.project import compile_project
from leastkey.errors import LeastkeyError
from leastkey.evaluate.request import NamedDocument, Policies, Principal, Request
from leastkey.evaluate.trust import decide_trust
from leastkey.iam.wide_trust import wide_shapes
from leastkey.spec.parse import parse_spec

GITHUB = "token.actions.githubusercontent.com"


@dataclass(frozen=True)
class Job:
    """What GitHub knows of a job; `immutable`: its subject names numbers, as in repositories made since July 2026."""

    repository: str = "acme/reports"
    repository_id: str = "5"
    owner_id: str = "7"
    environment: str | None = None
    ref: str = "refs/heads/main"
    workflow: str = "acme/reports/.github/workflows/d.yml@refs/heads/main"
    audience: str = "sts.amazonaws.com"
    immutable: bool = False
    pull_request: bool = False

    def claims(self) -> dict[str, str]:
        owner, _, name = self.repository.partition("/")
        whose = f"{owner}@{self.owner_id}/{name}@{self.repository_id}" if self.immutable else self.repository
        what = "pull_request" if self.pull_request else f"ref:{self.ref}"
        if self.environment is not None:
            what = f"environment:{self.environment.replace(':', '%3A')}"
        return {
            "sub": f"repo:{whose}:{what}",
            "aud": self.audience,
            "repository": self.repository,
            "repository_id": self.repository_id,
            "ref": self.ref,
            "job_workflow_ref": self.workflow,
            **({} if self.environment is None else {"environment": self.environment}),
        }


def near(value: str) -> st.SearchStrategy[str]:
    """Values that are nearly the same: longer, shorter, in other letters, a wildcard, a variable, joined with others."""
    return st.sampled_from(
        [
            *(value, f"{value}-evil", f"{value}*", "*", f"{value}:x", f"x{value}", value.swapcase()),
            *(
                value[:-1] or "z",
                f"{value}%3A",
                f"{value}:ref:refs/heads/main",
                f"${{{GITHUB}:sub}}",
                f"{value}?",
            ),
        ]
    )


REPOSITORIES = near("acme/reports") | st.sampled_from(
    ["acme-evil/reports", "acme/other", "acme*", "*/*", "acme/.."]
)
REFS = near("main") | st.sampled_from(["release/1", "refs/pull/1/merge", "refs/heads/main", "v1"])
ENVIRONMENTS = near("prod") | st.sampled_from(["a:b", "a%3Ab", "ref:refs/heads/main"])
NUMBERS = st.sampled_from(["5", "7", "55", "0", "*"])
FIELDS = {
    "repository": REPOSITORIES,
    "repository-id": NUMBERS,
    "owner-id": NUMBERS,
    "environment": ENVIRONMENTS,
    "branch": REFS,
    "tag": REFS,
    "ref": REFS,
    "workflow": near(".github/workflows/d.yml") | near(Job().workflow),
    "audience": near("sts.amazonaws.com"),
}
SPECS = st.fixed_dictionaries(
    {"repository": REPOSITORIES}, optional={k: v for k, v in FIELDS.items() if k != "repository"}
)
NARROWED = st.fixed_dictionaries(
    {"repository": st.just("acme/reports")},
    optional={
        "repository-id": st.just("5"),
        "owner-id": st.just("7"),
        "environment": st.sampled_from(["prod", "a:b"]),
        "branch": st.sampled_from(["main", "release/1"]),
        "workflow": st.just(".github/workflows/d.yml"),
    },
)
JOBS = st.builds(
    Job,
    repository=REPOSITORIES,
    repository_id=NUMBERS,
    owner_id=NUMBERS,
    environment=st.none() | ENVIRONMENTS,
    ref=REFS.map(lambda name: name if name.startswith("refs/") else f"refs/heads/{name}")
    | REFS.map(lambda name: f"refs/tags/{name}"),
    audience=near("sts.amazonaws.com"),
    immutable=st.booleans(),
    pull_request=st.booleans(),
)


def role(form: str, use: dict[str, str]) -> NamedDocument | None:
    """Give the trust policy that a use compiles to, None where it is refused."""
    text = json.dumps(
        {
            "version": 1,
            "project": "acme",
            "identities": {"a": {"allow": [{"s3": ["list"]}], "used-by": [{form: use}]}},
        }
    )
    try:
        spec = parse_spec(text, "leastkey.yaml", lambda _path: "")
    except LeastkeyError as error:
        assert error.code in {"wide-trust", "spec-invalid"}  # noqa: PT017  # the other way is an answer too
        return None
    (identity,) = compile_project(spec, ACCOUNT, "aws").identities
    assert wide_shapes(identity.role.trust) == ()
    return NamedDocument("trust", identity.role.trust)


def opens(trust: NamedDocument, host: str, claims: dict[str, str]) -> bool:
    caller = Principal("federated", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}", "")
    request = Request(
        "sts:AssumeRoleWithWebIdentity",
        f"arn:aws:iam::{ACCOUNT}:role/leastkey/acme/acme-a",
        caller,
        ACCOUNT,
        {f"{host}:{claim}": value for claim, value in claims.items()},
    )
    return decide_trust(request, trust, Policies()).is_allowed


def is_meant(use: dict[str, str], job: Job) -> bool:
    """Say whether a job is the one a use names, without a look at how it is compiled."""
    ref = use.get("ref", use.get("branch"))
    if ref is not None and not ref.startswith("refs/"):
        ref = f"refs/heads/{ref}"
    if "tag" in use:
        ref = f"refs/tags/{use['tag']}"
    workflow = use.get("workflow")
    if workflow is not None and workflow.startswith(".github"):
        workflow = f"{use['repository']}/{workflow}" + ("" if "@" in workflow else f"@{ref}")
    return (
        job.repository == use["repository"]
        and job.repository_id == use.get("repository-id", job.repository_id)
        and (not job.immutable or job.owner_id == use.get("owner-id"))
        and job.environment == use.get("environment")
        and ref in (None, job.ref)
        and not (job.pull_request and job.environment is None)
        and workflow in (None, job.workflow)
        and job.audience == use.get("audience", "sts.amazonaws.com")
    )


@settings(max_examples=150, deadline=None)
@given(SPECS | NARROWED, st.lists(JOBS, min_size=4, max_size=8))
@example(
    {"repository": "acme/reports", "environment": "prod"},
    [Job(repository="acme/reports-evil", environment="prod")],
)
@example({"repository": "acme/reports", "branch": "main"}, [Job(pull_request=True), Job(environment="prod")])
def test_a_use_by_github_lets_in_the_jobs_it_names_and_no_others(
    use: dict[str, str], others: list[Job]
) -> None:
    trust = role("github", use)
    event("accepted" if trust else "refused")
    if trust is None:
        return
    meant = Job(
        environment=use.get("environment"),
        repository=use["repository"],
        audience=use.get("audience", Job.audience),
    )
    if "tag" in use:
        meant = replace(meant, ref=f"refs/tags/{use['tag']}")
    elif ref := use.get("ref", use.get("branch")):
        meant = replace(meant, ref=ref if ref.startswith("refs/") else f"refs/heads/{ref}")
    meant = replace(meant, repository_id=use.get("repository-id", "5"), owner_id=use.get("owner-id", "7"))
    for job in (
        meant,
        replace(meant, immutable=True),
        *others,
        *(replace(meant, ref=job.ref) for job in others),
    ):
        assert opens(trust, GITHUB, job.claims()) == is_meant(use, job), job


SUBJECTS = near("job-7") | st.sampled_from(
    ["repo:*", "repo:acme/*", "a b", "project_path:a/b:ref_type:branch:ref:main"]
)
ISSUERS = st.sampled_from(
    ["https://i.example", "https://gitlab.com", f"https://{GITHUB}", "https://app.terraform.io"]
)
GENERIC = st.fixed_dictionaries({}, optional={"issuer": ISSUERS, "audience": near("me"), "subject": SUBJECTS})
GITLABS = st.fixed_dictionaries(
    {}, optional={"project": near("acme/app"), "ref": REFS, "audience": near("me")}
)

RIGHT = st.just({"issuer": "https://i.example", "audience": "me", "subject": "job-7"})
RIGHT_JOB = st.just({"project": "acme/app", "ref": "main"})


@settings(max_examples=150, deadline=None)
@given(GENERIC | RIGHT, SUBJECTS, near("me"))
@example({"issuer": "https://i.example", "audience": "me", "subject": "job-7"}, "job-7", "me")
def test_a_use_by_oidc_lets_in_one_subject_for_one_audience(
    use: dict[str, str], subject: str, audience: str
) -> None:
    trust = role("oidc", use)
    event("accepted" if trust else "refused")
    if trust is None:
        return
    host = use["issuer"].removeprefix("https://")
    assert host not in {GITHUB, "gitlab.com"}
    claims = {"sub": subject, "aud": audience}
    assert opens(trust, host, {"sub": use["subject"], "aud": use["audience"]})
    assert opens(trust, host, claims) == (subject == use["subject"] and audience == use["audience"])
    assert not opens(trust, host, {"aud": use["audience"]})
    assert not opens(trust, host, {"sub": use["subject"]})
    assert not opens(trust, "other.example", claims)


@settings(max_examples=150, deadline=None)
@given(GITLABS | RIGHT_JOB, near("acme/app"), REFS, st.sampled_from(["branch", "tag"]))
@example({"project": "acme/app", "ref": "main"}, "acme/app", "main", "branch")
def test_a_use_by_gitlab_lets_in_one_ref_of_one_project(
    use: dict[str, Any], project: str, ref: str, kind: str
) -> None:
    trust = role("gitlab", use)
    event("accepted" if trust else "refused")
    if trust is None:
        return
    claims = {
        "sub": f"project_path:{project}:ref_type:{kind}:ref:{ref}",
        "aud": use.get("audience", "sts.amazonaws.com"),
    }
    is_same = project == use["project"] and ref == use["ref"].removeprefix("refs/heads/") and kind == "branch"
    assert opens(trust, "gitlab.com", claims) == is_same
    assert not opens(trust, "gitlab.com", {**claims, "aud": "somebody"})
