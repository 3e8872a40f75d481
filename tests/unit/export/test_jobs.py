"""The exported jobs are YAML, carry what the role's trust asks for, and have no more permissions than they need."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from ruamel.yaml import YAML
from tests.laws.test_trust_laws import GITHUB, Job, opens, role

from leastkey.cli.main import run
from leastkey.export.job import quoted

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = {"repository-id": "5", "owner-id": "7"}
FILE = "acme/reports/.github/workflows/d.yml@refs/heads/main"
HUB = {
    "an environment": {"environment": "production"},
    "a branch": {"branch": "main", **NUMBERS},
    "a strange branch": {"branch": "feat/a+b!-(x)#1"},
    "a tag": {"tag": "1.0"},
    "an environment of a branch": {
        "environment": 'a: "b" #c',
        "branch": "no",
        "audience": "https://x/a=b&c+d",
    },
    "its own workflow": {"branch": "main", "workflow": ".github/workflows/d.yml"},
    "a shared workflow": {"environment": "p", "workflow": FILE.replace("reports", "ci")},
}
LAB = {
    "a branch": {"project": "acme/web/app", "branch": "main"},
    "a tag": {"project": "acme/app", "tag": "v1", "audience": "on"},
    "a strange branch": {"project": "acme/app", "ref": "x{y}#1", "issuer": "https://git.acme.example"},
}


def exported(capsys: pytest.CaptureFixture[str], where: Path, used_by: list[Any], *words: str) -> str:
    spec = {"version": 1, "project": "acme", "account": "111122223333", "region": "eu-west-1"}
    identity = {"allow": [{"s3": ["list"]}], "used-by": used_by}
    (where / "leastkey.yaml").write_text(json.dumps({**spec, "identities": {"deploy": identity}}))
    capsys.readouterr()
    code = run(["export", "workflow", "--spec", str(where / "leastkey.yaml"), *words])
    said = capsys.readouterr()
    return said.out if code == 0 else f"{code} {said.err}"


@pytest.mark.parametrize("name", HUB)
def test_a_github_job_carries_what_the_trust_asks_for(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    use = {"repository": "acme/reports", **HUB[name]}
    text = exported(capsys, tmp_path, ["user", {"github": use}])
    whole = YAML(typ="safe", pure=True).load(text)
    (job,) = whole["jobs"].values()
    assert whole["permissions"] == {}
    assert job["permissions"] == {"id-token": "write", "contents": "read"}
    assert "uses:" not in text
    assert job["env"]["AWS_ROLE_ARN"] == "arn:aws:iam::111122223333:role/leastkey/acme/acme-deploy"
    fetch = next(step for step in job["steps"] if "AUDIENCE" in step.get("env", {}))
    asked = dict(parse_qsl(f"audience={fetch['env']['AUDIENCE']}"))
    carried = Job(
        environment=job.get("environment"), audience=asked["audience"], workflow=use.get("workflow", FILE)
    )
    for kind, prefix in (("branches", "refs/heads/"), ("tags", "refs/tags/")):
        for ref in whole["on"].get("push", {}).get(kind, ()):
            assert not re.search(r"(?<!\\)[+!*?\[\]]", ref), "GitHub would read a pattern"
            carried = Job(**{**_fields(carried), "ref": prefix + ref.replace("\\", "")})
    if carried.workflow.startswith(".github"):
        carried = Job(**{**_fields(carried), "workflow": f"acme/reports/{carried.workflow}@{carried.ref}"})
    trust = role("github", use)
    assert trust is not None
    assert opens(trust, GITHUB, carried.claims())
    assert not opens(trust, GITHUB, Job(**{**_fields(carried), "repository": "acme/other"}).claims())
    triggers = {"an environment": "workflow_dispatch", "a shared workflow": "workflow_call"}
    assert list(whole["on"]) == [triggers.get(name, "push")]


def _fields(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in job.__dataclass_fields__}


@pytest.mark.parametrize("name", LAB)
def test_a_gitlab_job_carries_what_the_trust_asks_for(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    use = LAB[name]
    whole = YAML(typ="safe", pure=True).load(exported(capsys, tmp_path, [{"gitlab": use}]))
    ((job_name, job),) = whole.items()
    (rule,) = job["rules"]
    variable, _, quoted_name = rule["if"].partition(" == ")
    kind = {"$CI_COMMIT_BRANCH": "branch", "$CI_COMMIT_TAG": "tag"}[variable]
    trust = role("gitlab", use)
    assert trust is not None
    sub = f"project_path:{use['project']}:ref_type:{kind}:ref:{json.loads(quoted_name)}"
    claims = {"sub": sub, "aud": job["id_tokens"]["AWS_TOKEN"]["aud"]}
    host = use.get("issuer", "https://gitlab.com").removeprefix("https://")
    assert opens(trust, host, claims)
    assert not opens(trust, host, {**claims, "sub": f"{sub}x"})
    assert job_name == "aws-deploy"
    assert job["variables"]["AWS_REGION"] == "eu-west-1"


def test_which_job_is_meant_is_said_or_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hub = [{"github": {"repository": "a/b", "branch": each}} for each in ("main", "next")]
    lab = {"gitlab": {"project": "a/b", "branch": "main"}}
    both = [*hub, lab]
    assert "AWS_TOKEN" in exported(capsys, tmp_path, both, "--gitlab")
    assert "branches: [next]" in exported(capsys, tmp_path, both, "deploy", "--github", "--number", "2")
    told = json.loads(exported(capsys, tmp_path, [lab], "--json"))
    assert (told["command"], told["identity"]) == ("export workflow", "deploy")
    assert told["text"].startswith("# A job for .gitlab-ci.yml")
    for words, says in (
        ([], "3 jobs use `deploy`"),
        (["--github", "--number", "3"], "there is no use number 3"),
        (["--account", "5", "--gitlab"], "`5` is no AWS account"),
        (["--account", "444455556666", "--gitlab"], "the spec says account 111122223333"),
    ):
        refused = exported(capsys, tmp_path, both, *words)
        assert refused[:1] in "23"
        assert says in refused
    assert "no job of GitHub or GitLab uses" in exported(capsys, tmp_path, ["user"])
    assert "no job of gitlab uses" in exported(capsys, tmp_path, hub, "--gitlab")


def test_the_account_is_the_specs_the_flags_or_the_sandboxs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "leastkey.yaml"
    text = "version: 1\nproject: acme\nregion: cn-north-1\nidentities:\n  a:\n    allow: [s3: [list]]\n"
    text += "    used-by: [github: {repository: a/b, branch: main}]\n"
    for more, words, code, says in (
        ("", [], 2, "the role's account is not known"),
        ("", ["--account", "444455556666"], 0, "arn:aws-cn:iam::444455556666:role"),
        ("target: sandbox\n", [], 0, "arn:aws-cn:iam::123456789012:role"),
    ):
        file.write_text(more + text)
        assert run(["export", "workflow", "--spec", str(file), *words]) == code
        said = capsys.readouterr()
        assert says in said.out + said.err


@pytest.mark.parametrize(
    "text", ["main", "on", "1.0", "a: b", "#x", "it's", "\\", "-", "v1", "a b", "~", "Yes"]
)
def test_a_text_in_quotes_is_read_back(text: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"a: [{quoted(text)}]") == {"a": [text]}
