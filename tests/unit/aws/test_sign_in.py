"""What a failed sign-in of the administrator comes to: its reason, its remedy, and that the request was never sent."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions
from botocore.session import Session

from leastkey.aws.connect import connect_as
from leastkey.aws.sign_in import sign_in_fault
from leastkey.clock import SystemClock
from leastkey.errors import AwsError
from leastkey.iam.credentials import AccessKey, AccessKeyId
from leastkey.secret import Secret

REFUSED = {"Error": {"Code": "AccessDenied", "Message": "not you"}, "ResponseMetadata": {}}


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (exceptions.SSOTokenLoadError(error_msg="x"), "aws sso login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="x"), "aws sso login"),
        (exceptions.LoginRefreshRequired(), "aws login"),
        (exceptions.LoginInsufficientPermissions(), "aws login"),
        (exceptions.MissingDependencyException(msg="x"), 'pip install "leastkey[login]"'),
        (exceptions.RefreshWithMFAUnsupportedError(), "run the same command again: it asks for a code"),
        (exceptions.MetadataRetrievalError(error_msg="x"), "aws sts get-caller-identity"),
        (exceptions.ClientError(REFUSED, "AssumeRole"), "aws sts get-caller-identity"),
    ],
)
def test_a_request_whose_credentials_cannot_be_had_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, error: Exception, fix: str
) -> None:
    def signing(*_: Any, **__: Any) -> None:
        raise error

    key = AccessKey(AccessKeyId("AKIAABCDEFGHIJKLMNOP"), Secret("x" * 40))
    monkeypatch.setattr("botocore.signers.RequestSigner.sign", signing)
    iam = connect_as(
        key, SystemClock(), region="us-east-1", endpoint_url="http://127.0.0.1:9", source="t"
    ).iam()
    with pytest.raises(AwsError) as caught:
        iam.create_access_key("bot")
    assert (caught.value.code, caught.value.outcome, caught.value.fix) == ("NoCredentials", "refused", fix)


def test_a_refusal_of_the_call_itself_is_no_failed_sign_in() -> None:
    error = exceptions.ClientError(REFUSED, "CreateRole")
    assert sign_in_fault(error, "CreateRole") is None
    assert sign_in_fault(error, "CreateUser") is not None
    assert sign_in_fault(ValueError("x"), "CreateUser") is None


def test_botocore_still_has_what_we_put_our_own_question_into() -> None:
    provider = Session().get_component("credential_provider").get_provider("assume-role")
    assert callable(provider._prompter)
    assert provider.cache == {}
