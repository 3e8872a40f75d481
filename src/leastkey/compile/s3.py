"""`s3://bucket/prefix/` as ARNs and conditions: object actions below the prefix, and listing of the prefix only.

`aws s3 ls s3://bucket/prefix/`, `cp --recursive` and `sync` send `prefix=prefix/`, which `prefix/*` matches since `*`
may be empty. Without the trailing slash `ls` would also show the neighbours `prefix-2`, so that is not granted.
Source: Amazon S3 User Guide, "Bucket policy examples using condition keys" (`s3:prefix`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from leastkey.iam.statement import Condition

__all__ = ["LISTING", "SCHEME", "S3Location"]

SCHEME: Final = "s3://"
LISTING: Final = "s3:ListBucket"


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket and a key pattern: `prefix/*`, `*` for the whole bucket, or one object's key."""

    bucket: str
    keys: str

    @classmethod
    def parse(cls, uri: str) -> S3Location:
        """Read `s3://bucket/`, `s3://bucket/prefix/` or `s3://bucket/key`."""
        bucket, _, key = uri.removeprefix(SCHEME).partition("/")
        return cls(bucket, f"{key}*" if not key or key.endswith("/") else key)

    @property
    def is_whole_bucket(self) -> bool:
        """Say whether every object of the bucket is meant."""
        return self.keys == "*"

    def objects_arn(self, partition: str) -> str:
        """Give the ARN of the objects."""
        return f"arn:{partition}:s3:::{self.bucket}/{self.keys}"

    def bucket_arn(self, partition: str) -> str:
        """Give the ARN of the bucket."""
        return f"arn:{partition}:s3:::{self.bucket}"

    def listing_conditions(self) -> tuple[Condition, ...]:
        """Give the condition under which the bucket may be listed; none for the whole bucket."""
        return () if self.is_whole_bucket else (Condition("StringLike", "s3:prefix", (self.keys,)),)
