"""AssumeRoleWithWebIdentity, with an identity provider on this computer: what its tokens prove, and what they do not."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.sandbox.wires import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Place

SUBJECT = "repo:acme/app:ref:refs/heads/main"
AUDIENCE = "sts.amazonaws.com"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Provider:
    """An OpenID Connect provider: discovery, one RSA and one EC key, and tokens."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.asked: list[str] = []
        self.moved = False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                body = json.dumps(provider.pages().get(self.path, {})).encode()
                self.send_response(302 if provider.moved else 200)
                if provider.moved:
                    self.send_header("Location", f"{provider.url}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                del format, args

        return Handler

    def pages(self) -> dict[str, Any]:
        n, e = self.rsa.public_key().public_numbers().n, 65537
        point = self.ec.public_key().public_numbers()
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {
                "keys": [
                    {"kty": "RSA", "kid": "r", "n": number(n), "e": number(e)},
                    {"kty": "EC", "kid": "e", "crv": "P-256", "x": number(point.x), "y": number(point.y)},
                ]
            },
        }

    def token(self, place: Place, *, alg: str = "RS256", kid: str = "r", **claims: Any) -> str:
        now = int(place.clock.now().timestamp())
        whole = {"iss": self.url, "sub": SUBJECT, "aud": AUDIENCE, "iat": now - 5, "exp": now + 300, **claims}
        body = {name: value for name, value in whole.items() if value is not None}
        signed = f"{b64(json.dumps({'alg': alg, 'kid': kid}).encode())}.{b64(json.dumps(body).encode())}"
        return f"{signed}.{b64(self._signature(alg, signed.encode()))}"

    def _signature(self, alg: str, signed: bytes) -> bytes:
        if alg == "none":
            return b"none"
        if alg == "HS256":
            kind = serialization.PublicFormat.SubjectPublicKeyInfo
            public = self.rsa.public_key().public_bytes(serialization.Encoding.PEM, kind)
            return hmac.digest(public, signed, "sha256")
        if alg == "ES256":
            pair = decode_dss_signature(self.ec.sign(signed, ec.ECDSA(hashes.SHA256())))
            return b"".join(half.to_bytes(32, "big") for half in pair)
        return self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture
def role(place: Place, issuer: Provider) -> str:
    return trusted(
        place, issuer, {"StringEquals": {f"{bare(issuer)}:sub": SUBJECT, f"{bare(issuer)}:aud": AUDIENCE}}
    )


def bare(issuer: Provider) -> str:
    return issuer.url.partition("://")[2]


def trusted(place: Place, issuer: Provider, condition: dict[str, Any], *more: str) -> str:
    iam = place.client("iam")
    if not iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.create_open_id_connect_provider(
            Url=issuer.url, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40]
        )
    provider = f"arn:aws:iam::{place.account}:oidc-provider/{bare(issuer)}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithWebIdentity", *more],
        "Condition": condition,
    }
    made = iam.create_role(
        RoleName=f"r{len(iam.list_roles()['Roles'])}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return str(made["Role"]["Arn"])


def wear(place: Place, arn: str, token: str, **more: Any) -> dict[str, Any]:
    sts = boto3.client(
        "sts", endpoint_url=place.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    found: dict[str, Any] = sts.assume_role_with_web_identity(
        RoleArn=arn, RoleSessionName="ci", WebIdentityToken=token, **more
    )
    return found


def code_of(place: Place, arn: str, token: str, **more: Any) -> str:
    with pytest.raises(ClientError) as refused:
        wear(place, arn, token, **more)
    return str(refused.value.response["Error"]["Code"])


def key_of(answer: dict[str, Any]) -> Key:
    given = answer["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@pytest.mark.parametrize(("alg", "kid"), [("RS256", "r"), ("ES256", "e")])
def test_a_good_token_opens_the_role(place: Place, issuer: Provider, role: str, alg: str, kid: str) -> None:
    """STS API Reference, AssumeRoleWithWebIdentity."""
    answer = wear(place, role, issuer.token(place, alg=alg, kid=kid))
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == AUDIENCE
    assert answer["Provider"] == f"arn:aws:iam::{place.account}:oidc-provider/{bare(issuer)}"
    who = place.client("sts", key_of(answer)).get_caller_identity()
    assert who["Arn"].endswith("/ci")


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_an_algorithm_without_the_issuers_private_key_is_refused(
    place: Place, issuer: Provider, role: str, alg: str
) -> None:
    """RFC 8725, section 2.1: `none`, and the public key taken for a shared secret."""
    assert code_of(place, role, issuer.token(place, alg=alg)) == "InvalidIdentityToken"
    assert wear(place, role, issuer.token(place))


def test_a_token_that_was_changed_or_forged_is_refused(place: Place, issuer: Provider, role: str) -> None:
    """STS API Reference, AssumeRoleWithWebIdentity: InvalidIdentityToken."""
    head, body, signature = issuer.token(place).split(".")
    other_body = issuer.token(place, sub="repo:acme/other:ref:refs/heads/main").split(".")[1]
    forger = Provider()
    try:
        forged = forger.token(place, iss=issuer.url)
    finally:
        forger.server.shutdown()
        forger.server.server_close()
    for token in (
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        forged,
        issuer.token(place, kid="unknown"),
        issuer.token(place, kid="e"),
        "rubbish",
    ):
        assert code_of(place, role, token) == "InvalidIdentityToken"
    assert wear(place, role, f"{head}.{body}.{signature}")


def test_time_and_audience_are_checked(place: Place, issuer: Provider, role: str) -> None:
    """STS API Reference, AssumeRoleWithWebIdentity: ExpiredTokenException, InvalidIdentityToken."""
    now = int(place.clock.now().timestamp())
    assert code_of(place, role, issuer.token(place, exp=now - 1)) == "ExpiredTokenException"
    for claims in (
        {"nbf": now + 60},
        {"iat": now + 60},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": [AUDIENCE, "other"], "azp": "other"},
        {"iss": "https://issuer.example"},
    ):
        assert code_of(place, role, issuer.token(place, **claims)) == "InvalidIdentityToken", claims
    assert wear(place, role, issuer.token(place, aud=[AUDIENCE], nbf=now - 5))


def test_the_trust_policy_decides_on_the_claims(place: Place, issuer: Provider, role: str) -> None:
    """IAM User Guide, "Available keys for AWS OIDC federation"."""
    other = issuer.token(place, sub="repo:acme/app:ref:refs/heads/other")
    assert code_of(place, role, other) == "AccessDenied"
    assert code_of(place, f"{role}x", issuer.token(place)) == "AccessDenied"
    prod = trusted(place, issuer, {"StringEquals": {f"{bare(issuer)}:environment": "prod"}})
    assert code_of(place, prod, issuer.token(place, environment="test")) == "AccessDenied"
    assert wear(place, prod, issuer.token(place, environment="prod"))
    nobody = trusted(place, issuer, {"StringEquals": {"aws:FederatedProvider": "other"}})
    assert code_of(place, nobody, issuer.token(place)) == "AccessDenied"


def test_tags_and_source_identity_come_from_the_token(place: Place, issuer: Provider, role: str) -> None:
    """IAM User Guide, "Pass session tags in AWS STS": "Pass session tags using AssumeRoleWithWebIdentity"."""
    claims: dict[str, Any] = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}},
        "https://aws.amazon.com/source_identity": "alice",
    }
    token = issuer.token(place, **claims)
    assert code_of(place, role, token) == "AccessDenied"
    open_role = trusted(
        place,
        issuer,
        {"StringEquals": {f"{bare(issuer)}:sub": SUBJECT}},
        "sts:TagSession",
        "sts:SetSourceIdentity",
    )
    iam = place.client("iam")
    iam.put_role_policy(
        RoleName=open_role.rpartition("/")[2],
        PolicyName="p",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListRoles",'
        '"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue",'
        '"aws:SourceIdentity":"alice"}}}]}',
    )
    answer = wear(place, open_role, token)
    assert answer["SourceIdentity"] == "alice"
    assert place.client("iam", key_of(answer)).list_roles()["Roles"]
    plain = key_of(wear(place, open_role, issuer.token(place)))
    with pytest.raises(ClientError, match="AccessDenied"):
        place.client("iam", plain).list_roles()


def test_keys_are_kept_until_an_unknown_one_is_named(place: Place, issuer: Provider, role: str) -> None:
    """OpenID Connect Core 1.0, section 10.1.1: keys that change."""
    wear(place, role, issuer.token(place))
    before = len(issuer.asked)
    wear(place, role, issuer.token(place))
    assert len(issuer.asked) == before
    code_of(place, role, issuer.token(place, kid="new"))
    assert len(issuer.asked) == before + 2
    issuer.moved = True
    try:
        assert code_of(place, role, issuer.token(place, kid="newer")) == "InvalidIdentityToken"
        assert "/elsewhere" not in issuer.asked
    finally:
        issuer.moved = False


def test_parameters_are_checked_and_a_session_policy_narrows(
    place: Place, issuer: Provider, role: str
) -> None:
    """STS API Reference, AssumeRoleWithWebIdentity: ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge."""
    token = issuer.token(place)
    assert code_of(place, role, token, DurationSeconds=7200) == "ValidationError"
    assert code_of(place, role, token, Policy="{}") == "MalformedPolicyDocument"
    many = {f"k{index}": ["v" * 200] for index in range(30)}
    claims: dict[str, Any] = {"https://aws.amazon.com/tags": {"principal_tags": many}}
    large = issuer.token(place, **claims)
    assert code_of(place, role, large) == "PackedPolicyTooLarge"
    assert wear(place, role, token, DurationSeconds=900)
