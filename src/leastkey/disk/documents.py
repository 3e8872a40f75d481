"""Documents of ours as JSON: how each is marked, read back and refused, and how the fields they share are written.

A file that is not as leastkey wrote it is an error that names it: state that is ignored in silence would cost a key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from leastkey.errors import LeastkeyError
from leastkey.iam.arn import AccountId
from leastkey.iam.credentials import AccessKeyId
from leastkey.ports.binding import BindingKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.disk.home import AnyPath

__all__ = ["FORMAT", "damaged", "decode_document", "key_fields", "key_id_of", "key_of"]

FORMAT: Final = 1

_T = TypeVar("_T")


def damaged(path: AnyPath, why: str) -> LeastkeyError:
    """Give the error for a state file that leastkey cannot read."""
    return LeastkeyError(
        "io-failed",
        f"`{path}` is not as leastkey wrote it",
        why=why,
        remedy=(f"restore it from a backup, or put it aside: `mv {path} {path}.damaged`"),
    )


def _checked(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    if document.get("format") != FORMAT:
        raise ValueError(f"its format is {document.get('format')!r}, this version reads {FORMAT}")
    return document


def decode_document(path: AnyPath, data: bytes, decode: Callable[[dict[str, Any]], _T]) -> _T:
    """Decode one JSON document of ours; anything unexpected is an error that names the file."""
    try:
        return decode(_checked(json.loads(data)))
    except KeyError as error:
        raise damaged(path, f"{error} is missing in it") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(path, str(error)) from error


def key_fields(key: BindingKey) -> dict[str, str | None]:
    """Give the fields that say which identity a document is about."""
    return {
        "account": key.account,
        "endpoint": key.endpoint,
        "project": key.project,
        "identity": key.identity,
    }


def key_of(document: dict[str, Any]) -> BindingKey:
    """Read the fields that say which identity a document is about."""
    return BindingKey(
        account=AccountId(document["account"]),
        endpoint=document["endpoint"],
        project=document["project"],
        identity=document["identity"],
    )


def key_id_of(text: str | None) -> AccessKeyId | None:
    """Read the id of an access key, or none."""
    return None if text is None else AccessKeyId(text)
