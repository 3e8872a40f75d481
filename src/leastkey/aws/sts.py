"""STS as one set of credentials, through botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leastkey.aws.door import server_time
from leastkey.errors import AwsError
from leastkey.iam.arn import AccountId, Arn
from leastkey.iam.credentials import AccessKeyId, SessionCredentials
from leastkey.plan.seen import Caller
from leastkey.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from leastkey.aws.door import Door

__all__ = ["AwsSts"]


class AwsSts:
    """Implements `ports.aws.Sts`."""

    def __init__(self, client: Any, door: Door) -> None:
        self._client = client
        self._door = door

    def caller(self) -> Caller:
        """Say who these credentials are (GetCallerIdentity)."""
        answer = self._door.ask(self._client, "GetCallerIdentity", {}, repeat="read")
        return Caller(
            arn=Arn.parse(answer["Arn"]), account=AccountId(answer["Account"]), user_id=answer["UserId"]
        )

    def server_time(self) -> datetime:
        """Give AWS's own time (the `Date` header of GetCallerIdentity's answer)."""
        answer = self._door.ask(self._client, "GetCallerIdentity", {}, repeat="read")
        told = server_time(answer)
        if told is None:
            raise AwsError("sts:GetCallerIdentity", "", "the answer has no `Date` header")
        return told

    def assume_role(
        self, role: Arn, session_name: str, *, seconds: int, external_id: str | None = None
    ) -> SessionCredentials:
        """Assume a role."""
        parameters: dict[str, object] = {
            "RoleArn": str(role),
            "RoleSessionName": session_name,
            "DurationSeconds": seconds,
        }
        if external_id is not None:
            parameters["ExternalId"] = external_id
        # Asking again makes another session that ends by itself, so a lost answer may be asked for again.
        raw = self._door.ask(self._client, "AssumeRole", parameters, repeat="read")["Credentials"]
        return SessionCredentials(
            id=AccessKeyId(raw["AccessKeyId"]),
            secret=Secret(raw["SecretAccessKey"]),
            token=Secret(raw["SessionToken"]),
            expiration=raw["Expiration"],
        )
