"""`on:`: ARNs and `s3://` addresses, checked before AWS would refuse them, or silently match nothing.

Source: AWS General Reference, "Amazon Resource Names (ARNs)"; Amazon S3 User Guide, "General purpose bucket naming rules".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leastkey.iam.arn import Arn
from leastkey.spec.faults import invalid, shown
from leastkey.spec.fields import texts_of

if TYPE_CHECKING:
    from leastkey.spec.yaml_nodes import Node, Text

__all__ = ["S3_SCHEME", "bucket_fault", "read_resources"]

S3_SCHEME: Final = "s3://"

_PARTITION: Final = re.compile(r"aws(-[a-z]+)*|\*", re.ASCII)
_SERVICE: Final = re.compile(r"[a-z0-9*?-]+", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9*?-]*", re.ASCII)
_ACCOUNT: Final = re.compile(r"[0-9]{12}|aws|[0-9]*[*?][0-9*?]*|", re.ASCII)
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)
_RESERVED_STARTS: Final = ("xn--", "sthree-")
_RESERVED_ENDS: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_KEY_BYTES: Final = 1_024


def read_resources(node: Node, *, has_s3: bool) -> tuple[str, ...]:
    """Give what `on:` names; empty for `"*"`, which is every resource. Raises LeastkeyError.

    `has_s3` says that the grant speaks about S3, so that an `s3://` address can be meant.
    """
    texts = texts_of(node, "on")
    everything = next((text for text in texts if text.value == "*"), None)
    if everything is not None:
        if len(texts) > 1:
            raise invalid(
                everything.place,
                "`*` stands beside other resources and covers them all",
                remedy="remove `*`, or the rest",
            )
        return ()
    for text in texts:
        if text.value.startswith(S3_SCHEME):
            _check_s3(text, has_s3=has_s3)
        else:
            _check_arn(text)
    return tuple(text.value for text in texts)


def bucket_fault(name: str) -> str | None:
    """Say what is wrong with a bucket's name, or None when S3 takes it."""
    if not 3 <= len(name) <= 63:
        return f"a bucket's name has 3 to 63 characters, this has {len(name)}"
    if not _BUCKET.fullmatch(name):
        return "a bucket's name is made of a-z, 0-9, `.` and `-`, and begins and ends with a letter or digit"
    if ".." in name or _ADDRESS.fullmatch(name):
        return "a bucket's name holds no two dots side by side and is no IP address"
    reserved = next((word for word in _RESERVED_STARTS if name.startswith(word)), None)
    reserved = reserved or next((word for word in _RESERVED_ENDS if name.endswith(word)), None)
    return None if reserved is None else f"S3 keeps names with `{reserved}` for itself"


def _check_s3(text: Text, *, has_s3: bool) -> None:
    bucket, slash, key = text.value.removeprefix(S3_SCHEME).partition("/")
    if not has_s3:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` stands in a grant that is not about S3",
            remedy="name the service's own resources as ARNs, or move the address to an `s3:` grant",
        )
    fault = bucket_fault(bucket)
    if fault is not None:
        raise invalid(
            text.place,
            f"`{shown(bucket)}` is no bucket's name",
            why=fault,
            remedy="as in `s3://acme-reports/nightly/`; patterns of buckets are written as ARNs",
        )
    if not slash:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` does not say how much of the bucket is meant",
            remedy=(f"the whole bucket: `{text.value}/`", f"one prefix: `{text.value}/nightly/`"),
        )
    if key.startswith("/") or "//" in key:
        raise invalid(
            text.place,
            f"`{shown(text.value)}` has an empty part between two slashes",
            remedy=f"write `{S3_SCHEME}{bucket}/{shown(re.sub('/+', '/', key).lstrip('/'))}`",
        )
    if len(key.encode()) > _KEY_BYTES:
        raise invalid(
            text.place,
            "the prefix is longer than any object's key",
            why=f"a key has at most {_KEY_BYTES:,} bytes, this has {len(key.encode()):,}",
            remedy="shorten it",
        )


def _check_arn(text: Text) -> None:
    try:
        arn = Arn.parse(_VARIABLE.sub("*", text.value))
    except ValueError:
        raise _no_arn(text, "an ARN is six parts with colons between them, the first of them `arn`") from None
    fault = _arn_fault(arn)
    if fault is not None:
        raise _no_arn(text, fault)


def _arn_fault(arn: Arn) -> str | None:
    rules = (
        (_PARTITION, arn.partition, "the second part is the partition: `aws`, `aws-cn`, `aws-us-gov`"),
        (_SERVICE, arn.service, "the third part is the service, in lower case"),
        (_REGION, arn.region, "the fourth part is the region, `*`, or empty"),
        (_ACCOUNT, arn.account, "the fifth part is an account of twelve digits, `*`, or empty"),
    )
    fault = next((words for pattern, part, words in rules if not pattern.fullmatch(part)), None)
    return "the last part names the resource" if fault is None and not arn.resource else fault


def _no_arn(text: Text, why: str) -> Exception:
    return invalid(
        text.place,
        f"`{shown(text.value)}` is no ARN",
        why=why,
        remedy="as in `arn:aws:ec2:*:*:instance/*`, or `s3://bucket/prefix/` in an `s3:` grant",
    )
