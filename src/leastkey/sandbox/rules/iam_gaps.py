"""Small operations that moto lacks: client ids of an OIDC provider, and tags of an instance profile.

Source: IAM API Reference, AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider,
ListInstanceProfileTags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.sandbox.request import Refusal
from leastkey.sandbox.resolve.parameters import text
from leastkey.sandbox.resolve.tags import of_entity
from leastkey.sandbox.rules.iam_pages import page_of
from leastkey.sandbox.rules.iam_xml import answer

if TYPE_CHECKING:
    from leastkey.sandbox.request import AwsRequest, Operation, Response
    from leastkey.sandbox.resolve.parameters import Parameters
    from leastkey.sandbox.state.world import World

__all__ = ["client_id", "profile_tags"]


def client_id(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """Add or remove an audience; doing it twice changes nothing."""
    arn = text(parameters, "OpenIDConnectProviderArn")
    provider = world.iam(request.account).open_id_providers.get(arn)
    if provider is None:
        return Refusal(404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    given = text(parameters, "ClientID")
    kept = [each for each in provider.client_id_list or [] if each != given]
    if operation.name == "AddClientIDToOpenIDConnectProvider":
        if not 1 <= len(given) <= 255:
            return Refusal(
                400, "ValidationError", "1 validation error detected: clientID has 1 to 255 characters"
            )
        if len(kept) >= 100:
            return Refusal(
                409, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
            )
        kept.append(given)
    provider.client_id_list = kept
    return answer(request, operation)


def profile_tags(
    request: AwsRequest, operation: Operation, parameters: Parameters, world: World
) -> Response | Refusal:
    """List the tags of an instance profile."""
    name = text(parameters, "InstanceProfileName")
    profile = world.iam(request.account).instance_profiles.get(name)
    if profile is None:
        return Refusal(404, "NoSuchEntity", f"Instance Profile {name} cannot be found.")
    tags = [{"Key": key, "Value": value} for key, value in of_entity(profile).items()]
    page = page_of(tags, text(parameters, "Marker"), text(parameters, "MaxItems"))
    if isinstance(page, Refusal):
        return page
    shown, marker = page
    return answer(
        request, operation, {"Tags": list(shown), "IsTruncated": bool(marker), "Marker": marker or None}
    )
