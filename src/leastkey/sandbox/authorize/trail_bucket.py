"""Whether a trail may put its files into a bucket: what the bucket's policy grants CloudTrail itself.

Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leastkey.evaluate.decide import decide
from leastkey.evaluate.request import Policies, Principal, Request

if TYPE_CHECKING:
    from leastkey.sandbox.state.world import World

__all__ = ["log_folder", "may_deliver"]

_CLOUDTRAIL: Final = Principal("service", "cloudtrail.amazonaws.com", "")


def log_folder(prefix: str, account: str) -> str:
    """Give the folder of an account's log files in a bucket."""
    return f"{prefix}/AWSLogs/{account}" if prefix else f"AWSLogs/{account}"


def may_deliver(trail_arn: str, bucket: str, prefix: str, world: World) -> bool:
    """Say whether CloudTrail may see the bucket's ACL and put files into the trail's folder."""
    found = world.bucket(bucket)
    if found is None:
        return False
    owner, account = str(found[0]), trail_arn.split(":")[4]
    policies = Policies(resource=world.bucket_policy(bucket), rcps=world.rcps(owner))
    keys: dict[str, str | tuple[str, ...]] = {
        "aws:SourceArn": trail_arn,
        "aws:SourceAccount": account,
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": "cloudtrail.amazonaws.com",
        "aws:SecureTransport": "true",
        "aws:ResourceAccount": owner,
    }
    putting = {**keys, "s3:x-amz-acl": "bucket-owner-full-control"}
    folder = f"arn:aws:s3:::{bucket}/{log_folder(prefix, account)}"
    return all(
        decide(Request(action, resource, _CLOUDTRAIL, owner, context), policies, explain=False).is_allowed
        for action, resource, context in (
            ("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", keys),
            ("s3:PutObject", f"{folder}/CloudTrail/file.json.gz", putting),
        )
    )
