"""moto's own permission checks and warnings, turned off: every decision is the gate's.

moto reads bucket policies by itself, without conditions and principals, and would refuse what our engine allows.
"""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["silence"]


@cache
def silence() -> None:
    """Let moto take what the gate has let through; once a process is enough."""
    from moto.core import errors
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    def permitted(bucket: Any, action: str, resource: str) -> Any:
        del bucket, action, resource
        return PermissionResult.PERMITTED

    def verified(response: Any, url: str, headers: dict[str, str]) -> bool:
        del response, url, headers
        return False

    def unheard(*said: Any, **options: Any) -> None:
        del said, options

    vars(errors)["warn"] = unheard  # of errors that a model does not have
    FakeBucket.get_permission = permitted  # type: ignore[assignment,method-assign]  # moto has no switch for it
    S3Response._invalid_headers = verified  # type: ignore[assignment,method-assign]  # noqa: SLF001  # it judges presigned URLs
