"""AWS's words without what could sign a request: key ids cut to their last four, secrets and session tokens taken out.

A refused signature is answered with the whole canonical request, the session token among its headers.
Source: IAM User Guide, "Troubleshoot Signature Version 4 requests".
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["scrubbed"]

_HIDDEN: Final = "<hidden>"
_KEY_ID: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}([A-Z0-9]{4})\b")
_TOKEN_HEADER: Final = re.compile(r"(?i)(x-amz-security-token[\"']?\s*[:=]\s*)[^\s&\"',<]+")
_SECRET: Final = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_USER_INFO: Final = re.compile(r"(?<=//)[^/\s]*@")
_TOKEN: Final = re.compile(r"[A-Za-z0-9/+%]{100,}=*")
"""Base64 longer than any path AWS quotes; its encoded authorization messages hold `-` and `_`, and stay."""


def scrubbed(text: str) -> str:
    """Give AWS's words with key ids cut to their last four and anything shaped like a secret, a token or a URL's user taken out."""
    text = _USER_INFO.sub(f"{_HIDDEN}@", _TOKEN_HEADER.sub(rf"\1{_HIDDEN}", text))
    return _SECRET.sub(_HIDDEN, _TOKEN.sub(_HIDDEN, _KEY_ID.sub(r"...\1", text)))
