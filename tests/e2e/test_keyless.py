"""A role without a key, from a spec to a session: the right token in, every other one out, and the exported jobs run."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from ruamel.yaml import YAML
from tests.support.home import BIN, ROOT, Home

from leastkey.sandbox.server import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Aws

pytestmark = pytest.mark.slow

HUB = {"kind": "github", "project": "acme/reports", "environment": "production"}
LAB = {"kind": "gitlab", "project": "acme/reports", "ref": "refs/heads/main"}
ANY = {"kind": "generic", "issuer": "https://issuer.example", "subject": "job-7"}
NUMBERS = json.dumps({"repository_id": "123456"})
OTHERS: list[tuple[dict[str, str], str]] = [
    ({**HUB, "project": "acme/other"}, "AccessDenied"),
    ({**HUB, "project": "acme-evil/reports"}, "AccessDenied"),
    ({**HUB, "environment": "staging"}, "AccessDenied"),
    ({**HUB, "environment": "", "ref": "refs/heads/main"}, "AccessDenied"),
    ({**HUB, "environment": "", "ref": "refs/pull/7/merge"}, "AccessDenied"),
    ({**HUB, "body": json.dumps({"repository_id": "654321"})}, "AccessDenied"),
    ({**LAB, "project": "acme/other"}, "AccessDenied"),
    ({**LAB, "ref": "refs/heads/next"}, "AccessDenied"),
    ({**LAB, "ref": "refs/tags/main"}, "AccessDenied"),
    ({**ANY, "subject": "job-8"}, "AccessDenied"),
    ({**ANY, "issuer": "https://other.example"}, "InvalidIdentityToken"),
    *(({**each, "audience": "somebody"}, "InvalidIdentityToken") for each in (HUB, LAB, ANY)),
    *(({**each, "fault": "forged"}, "InvalidIdentityToken") for each in (HUB, LAB, ANY)),
    *(({**each, "fault": "expired"}, "ExpiredTokenException") for each in (HUB, LAB, ANY)),
]


@pytest.fixture
def token(aws: Aws) -> Callable[..., str]:
    """Give a token of the sandbox's own issuer; a job of GitHub is of the right repository unless told otherwise."""

    def minted(**given: str) -> str:
        more = {"body": NUMBERS} if given["kind"] == "github" else {}
        return str(lifecycle.control("token", aws.folder, **{**more, **given})["token"])

    return minted


def code_of(aws: Aws, account: str, token: str) -> str:
    """Show a token to STS, as a job does: without any key. Gives AWS's code, "" for a session."""
    sts = Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=aws.endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )
    role = f"arn:aws:iam::{account}:role/leastkey/acme-reports/acme-reports-deploy"
    try:
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ci", WebIdentityToken=token)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def unsigned(token: str) -> str:
    head = urlsafe_b64encode(b'{"alg":"none","kid":"leastkey-sandbox"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


@pytest.fixture(scope="module")
def deployed(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """Give the example as it stands after `up`, in an account of its own."""
    account = aws.new_account()
    home = Home(tmp_path_factory.mktemp("keyless"), aws.variables(account))
    home.write_spec((ROOT / "examples/no-key/leastkey.yaml").read_text())
    first = home.leastkey("up", "--yes")
    assert first.code == 0, first.out + first.err
    assert "access key" not in first.out
    return home, account


def test_the_right_token_opens_the_role_and_every_other_is_refused(
    aws: Aws, deployed: tuple[Home, str], token: Callable[..., str]
) -> None:
    _, account = deployed
    assert aws.client(account, "iam").list_users()["Users"] == []
    for given, code in OTHERS:
        assert code_of(aws, account, token(**given)) == code, given
    numbered = "repo:acme@654321/reports@123456:environment:production"
    assert code_of(aws, account, token(**HUB, body=_claims(numbered))) == ""
    assert (
        code_of(aws, account, token(**HUB, body=_claims(numbered.replace("654321", "1")))) == "AccessDenied"
    )
    for given in (HUB, LAB, ANY):
        assert code_of(aws, account, unsigned(token(**given))) == "InvalidIdentityToken"
        assert code_of(aws, account, token(**given)) == ""


def _claims(subject: str) -> str:
    return json.dumps({"sub": subject, "repository_id": "123456"})


def test_a_provider_goes_with_the_project_unless_somebody_else_needs_it(
    aws: Aws, account: str, home: Home
) -> None:
    home.write_spec((ROOT / "examples/no-key/leastkey.yaml").read_text())
    assert home.leastkey("up", "--yes").code == 0
    iam = aws.client(account, "iam")
    ours = iam.get_role(RoleName="acme-reports-deploy")["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(ours))
    gone = home.leastkey("destroy", "--yes")
    assert gone.code == 0, gone.err
    said = " ".join(gone.out.split())
    assert "the provider gitlab.com stays: role theirs, not of this project, trusts it" in said
    assert "what was named above stays" in said
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 3
    iam.delete_role(RoleName="theirs")
    assert home.leastkey("destroy", "--yes").code == 0
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


class Runner(BaseHTTPRequestHandler):
    """The address at which GitHub's runner gives a job its token."""

    asked: ClassVar[list[tuple[str, str]]] = []
    token = ""

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        body = json.dumps({"count": 1, "value": self.token}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        del format, args


@pytest.fixture
def runner(token: Callable[..., str]) -> Iterator[str]:
    Runner.token = token(**HUB)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Runner)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/token?api-version=2.0"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bash(aws: Aws, tmp_path: Path) -> Callable[[str, dict[str, str]], str]:
    """Run a script as a runner does, with its variables and nothing else."""

    def run(script: str, more: dict[str, str]) -> str:
        own = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(tmp_path), "AWS_ENDPOINT_URL": aws.endpoint_url}
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            env={**own, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def job_of(deployed: tuple[Home, str], service: str) -> Any:
    home, account = deployed
    text = home.leastkey("export", "workflow", f"--{service}", "--account", account).out
    return YAML(typ="safe", pure=True).load(text)


def test_the_exported_gitlab_job_runs(
    deployed: tuple[Home, str], token: Callable[..., str], bash: Callable[..., str], tmp_path: Path
) -> None:
    job = job_of(deployed, "gitlab")["aws-deploy"]
    given = {"AWS_TOKEN": token(**LAB), "TMPDIR": str(tmp_path), **job["variables"]}
    said = bash("\n".join(job["script"]), {**given, "AWS_ROLE_SESSION_NAME": "gitlab-1"})
    assert f"{deployed[1]}:assumed-role/acme-reports-deploy/gitlab-1" in said


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="Debian's curl and jq are not here"
)
def test_the_exported_github_job_runs(
    deployed: tuple[Home, str], runner: str, bash: Callable[..., str], tmp_path: Path
) -> None:
    """GitHub Docs, "OpenID Connect reference": a job asks its runner for the token by two variables."""
    job = job_of(deployed, "github")["jobs"]["aws"]
    assert job["environment"] == HUB["environment"]
    own = {"ACTIONS_ID_TOKEN_REQUEST_URL": runner, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-this-job"}
    said = ""
    for step in job["steps"][1:]:  # the first checks the repository out
        given = {
            name: value.replace("${{ runner.temp }}", str(tmp_path)).replace("${{ github.run_id }}", "9")
            for name, value in {**job["env"], **step["env"]}.items()
        }
        said += bash(step["run"], {**given, **own})
    assert f"{deployed[1]}:assumed-role/acme-reports-deploy/github-9" in said
    assert Runner.asked == [("/token?api-version=2.0&audience=sts.amazonaws.com", "Bearer of-this-job")]
    assert (tmp_path / "aws-token").stat().st_mode & 0o077 == 0
