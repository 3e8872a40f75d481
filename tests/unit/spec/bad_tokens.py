"""Uses by token that must be refused: each over-wide shape has words of its own, and so have values that cannot be."""

from __future__ import annotations

from tests.unit.spec.bad_specs import Bad, uses

__all__ = ["BAD_TOKENS"]


def _wide(use: str, at: int, *says: str) -> Bad:
    return Bad(uses(f"      - {use}"), "wide-trust", f"6:{at}", says)


def _wrong(use: str, at: int, *says: str) -> Bad:
    return Bad(uses(f"      - {use}"), "spec-invalid", f"6:{at}", says)


def _github(more: str, repository: str = "a/b") -> str:
    return f"github: {{repository: {repository}, {more}}}"


def _gitlab(more: str) -> str:
    return f"gitlab: {{project: a/b, {more}}}"


def _oidc(issuer: str = "https://i.example", audience: str = "x", subject: str = "s") -> str:
    return f"oidc: {{issuer: {issuer}, audience: {audience}, subject: {subject}}}"


BAD_TOKENS: dict[str, Bad] = {
    # nobody is named
    "github alone": _wide(
        "github", 9, "without any condition lets everybody in", "every repository on GitHub"
    ),
    "github of nothing": _wide("github: {}", 9, "without any condition", "- github: {repository"),
    "gitlab of nothing": _wide("gitlab: {}", 9, "every project on GitLab"),
    "oidc alone": _wide("oidc", 9, "every token of the issuer"),
    "github as a text": _wrong("github: acme/reports", 17, "`github` holds a table"),
    # LK-TR-5: whose repository
    "an environment alone": _wide(
        "github: {environment: production}", 9, "without `repository` any repository on GitHub"
    ),
    "a gitlab ref alone": _wide("gitlab: {ref: main}", 9, "without `project` any project"),
    "an issuer without a subject": _wide(
        "oidc: {issuer: https://i.example, audience: x}",
        9,
        "without `subject` every token of https://i.example",
    ),
    # LK-TR-7, 8, 9: wildcards in names
    "a repository of stars": _wide(
        _github("branch: main", '"*"'), 30, "`*` as `repository` lets everybody in"
    ),
    "any repository": _wide(_github("branch: main", '"*/*"'), 30, "`*/*` as `repository` lets everybody in"),
    "any repository of a subject": _wide(
        _oidc(subject='"repo:*"'), 65, "lets every repository of the issuer in"
    ),
    "a subject of stars": _wide(_oidc(subject='"*"'), 65, "`*` as `subject` lets everybody in"),
    "owners that begin alike": _wide(
        _github("branch: main", "acme*"), 30, "ends inside a name", "`acme-evil`"
    ),
    "any owner of a name": _wide(_github("branch: main", '"*/reports"'), 30, "ends inside a name"),
    "every repository of an owner": _wide(_github("branch: main", "acme/*"), 30, "holds a wildcard"),
    "subjects that begin alike": _wide(
        _oidc(subject="repo:acme*"), 65, "owners that begin alike", "`acme-evil`"
    ),
    "groups that begin alike": _wide("gitlab: {project: acme*, ref: main}", 27, "ends inside a name"),
    # LK-TR-10: any ref
    "a repository alone": _wide(
        "github: {repository: a/b}", 9, "every branch, tag and pull request of `a/b`"
    ),
    "a repository by number alone": _wide(
        _github("repository-id: 5"), 9, "every branch, tag and pull request"
    ),
    "a gitlab project alone": _wide("gitlab: {project: a/b}", 9, "every branch and tag of `a/b`"),
    "any branch": _wide(_github('branch: "*"'), 43, "`*` as `branch` lets everybody in"),
    "branches that begin alike": _wide(_github("branch: release/*"), 43, "lets more than one ref in"),
    "any ref of a subject": _wide(_oidc(subject='"repo:o/r:*"'), 65, "lets more than one ref in"),
    "a pull request": _wide(_github("ref: refs/pull/7/merge"), 40, "neither a branch nor a tag"),
    # LK-TR-11: for whom the token was made
    "no audience": _wide(
        "oidc: {issuer: https://i.example, subject: s}",
        9,
        "without `audience` tokens are taken that were made",
    ),
    "any audience": _wide(_oidc(audience='"*"'), 53, "`*` as `audience` lets everybody in"),
    "any audience of github": _wide(
        _github("branch: main, audience: sts.*"), 59, "`audience` is compared letter"
    ),
    "everybody's audience": _wide(
        _oidc("https://oidc.vercel.com", "sts.amazonaws.com"),
        59,
        "is every organization's on oidc.vercel.com",
    ),
    # LK-TR-12, 13: operators that hold for nothing
    "ForAllValues": _wide(
        _github("ForAllValues:StringEquals: {}"), 35, "`ForAllValues:StringEquals` is no way"
    ),
    "IfExists": _wide(
        _github("StringEqualsIfExists: {}"), 35, "...IfExists hold where a token lacks the claim"
    ),
    "conditions": _wide(_oidc()[:-1] + ", when: {StringLike: {a: b}}}", 68, "`when` is no way"),
    # LK-TR-14: a star that is a star
    "environments that begin alike": _wide(_github("environment: prod-?"), 48, "compared letter by letter"),
    "a variable": _wide(
        _oidc(subject='"${i.example:sub}"'), 65, "a policy variable, which a token could fill in itself"
    ),
    # LK-TR-15: a name that anybody can choose
    "a workflow alone": _wide(
        "github: {workflow: Deploy}", 9, "a workflow's name alone lets every repository in"
    ),
    "a workflow's name": _wide(_github("branch: main, workflow: Deploy"), 59, "`Deploy` is no workflow file"),
    "a workflow of any ref": _wide(
        _github("branch: main, workflow: a/b/.github/workflows/c.yml@*"), 59, "no part of it may be left open"
    ),
    # the generic form for an issuer that many share
    "github by oidc": _wide(
        _oidc("https://token.actions.githubusercontent.com", subject="repo:o/r:ref:refs/heads/main"),
        24,
        "many organizations share token.actions.githubusercontent.com",
        "- github: {repository",
    ),
    "gitlab by oidc": _wide(_oidc("https://gitlab.com"), 24, "many organizations share gitlab.com"),
    "github as gitlab's issuer": _wide(
        _gitlab("ref: main, issuer: https://token.actions.githubusercontent.com"),
        51,
        "many organizations share",
    ),
    "an issuer built in": _wrong(_oidc("https://accounts.google.com"), 24, "is built into AWS"),
    "github's old name by oidc": _wide(
        _oidc("https://vstoken.actions.githubusercontent.com"), 24, "many organizations share vstoken.actions"
    ),
    "a subject of any ref": _wide(_oidc(subject="repo:o/r"), 65, "names no branch, tag or environment"),
    "a subject of pull requests": _wide(_oidc(subject="repo:o/r:pull_request"), 65, "open a pull request"),
    "a project of any ref": _wide(_oidc(subject="project_path:a/b"), 65, "every one of them is let in"),
    # values that cannot be
    "an issuer without encryption": _wrong(_oidc("http://i.example"), 24, "an https URL"),
    "an issuer with a port": _wrong(_oidc("https://i.example:8443"), 24, "without port"),
    "an issuer in capitals": _wrong(_oidc("https://I.example"), 24, "lower case"),
    "a shared issuer in another spelling": _wrong(
        _oidc("https://token.actions.githubusercontent.com/."), 24, "final slash"
    ),
    "an issuer with a step up in it": _wrong(_oidc("https://i.example/a/../b"), 24, "final slash"),
    "an issuer with a final slash": _wrong(_oidc("https://i.example/"), 24, "final slash"),
    "a repository without an owner": _wrong(_github("branch: main", "reports"), 30, "OWNER/NAME"),
    "a repository of dots": _wrong(_github("branch: main", "acme/.."), 30, "cannot be `repository`"),
    "a number that is none": _wrong(_github("branch: main, repository-id: 0x1F"), 64, "up to 19 digits"),
    "an owner's number alone": _wrong(_github("branch: main, owner-id: 5"), 9, "without a `repository-id`"),
    "an environment like two": _wrong(_github("environment: a%3Ab"), 48, "no `%3A`"),
    "a branch and a tag": _wrong(_github("branch: main, tag: v1"), 49, "names both `branch` and `tag`"),
    "a branch git refuses": _wrong(_github("branch: a..b"), 43, "no branch's name"),
    "a branch as a ref": _wrong(_github("branch: refs/heads/main"), 43, "write `ref: refs/heads/main`"),
    "a workflow of no ref": _wrong(
        _github("environment: p, workflow: .github/workflows/c.yml"),
        61,
        "does not say of which branch",
        "a/b/.github/workflows/c.yml@refs/heads/main",
    ),
    "a gitlab project by number": _wrong(
        _gitlab("ref: main, project-id: 5"), 43, "cannot be asked of a token of GitLab"
    ),
    "a gitlab environment": _wrong(_gitlab("ref: main, environment: p"), 43, "cannot be asked"),
    "a key github lacks": _wrong(_github("branch: main, brnch: x"), 49, "did you mean `branch`"),
    "a job twice": Bad(
        uses(f"      - {_github('branch: main')}\n      - {_github('ref: main')}"),
        "spec-invalid",
        "7:9",
        ("GitHub a/b (branch main) a second time",),
    ),
}
