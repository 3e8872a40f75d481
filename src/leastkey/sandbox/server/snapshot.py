"""What survives a restart: accounts, keys, sessions and moto's resources.

They are kept as a pickle, and a pickle runs code when it is loaded: `load` takes what `snapshot_file` has authenticated
and nothing else. AWS-managed policies are left out and loaded anew.
"""

from __future__ import annotations

import io
import logging
import pickle
import threading
import time
from collections import defaultdict
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from leastkey.errors import LeastkeyError
from leastkey.sandbox.state.organizations import dump_members, load_members

if TYPE_CHECKING:
    from collections.abc import Callable

    from leastkey.sandbox.state.world import World

__all__ = ["Saver", "dump", "load", "wipe"]

_LOG: Final = logging.getLogger(__name__)
_QUIET_SECONDS: Final = 0.5
_LATEST_SECONDS: Final = 5.0
_SHARE: Final = 10
"""A snapshot is not begun before ten times as long as the last one took: large ones do not eat the computer."""


_LOCKS: Final[dict[type, Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}


def _der(key: Any) -> bytes:
    """Give a private key of KMS or SNS as bytes; the snapshot's file is what protects it."""
    from cryptography.hazmat.primitives import serialization as forms

    der: bytes = key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return der


def _private_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(der, None)


def _der_of_certificate(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    der: bytes = certificate.public_bytes(Encoding.DER)
    return der


def _certificate(der: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


def _dict_of_dicts() -> defaultdict[str, dict[str, Any]]:
    return defaultdict(dict)


def _tags_of_parameters() -> Callable[[], defaultdict[str, dict[str, Any]]]:
    """Give what makes the tags of a kind of SSM's resources: moto has an unnamed function there."""
    return _dict_of_dicts


def _maker_of_dicts() -> Callable[[], dict[str, Any]]:
    """Give what makes the aliases of a function: moto has an unnamed function there."""
    return dict


def _empty(kind: Any, factory: Any) -> Any:
    """Make a mapping of moto's without what its constructor asks for."""
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


_UNNAMED: Final[dict[str, Callable[[], Callable[[], Any]]]] = {
    "LambdaStorage.__init__.<locals>.<lambda>": _maker_of_dicts,
    "SimpleSystemManagerBackend.__init__.<locals>.<lambda>": _tags_of_parameters,
}
"""What gives moto's unnamed functions anew."""


class _Pickler(pickle.Pickler):
    """Names AWS-managed policies instead of storing them."""

    def persistent_id(self, obj: Any) -> tuple[str, str, int] | None:
        """Name an AWS-managed policy by account, ARN and how often it is attached."""
        from moto.iam.models import AWSManagedPolicy

        if isinstance(obj, AWSManagedPolicy):
            return obj.account_id, obj.arn, obj.attachment_count
        return None

    def reducer_override(self, obj: Any) -> Any:
        """Leave the AWS-managed policies out of each account's IAM; a lock comes back as a free one."""
        from moto.iam.models import AWSManagedPolicy, IAMBackend

        if type(obj) in _LOCKS:
            return _LOCKS[type(obj)], ()
        if type(obj).__module__.startswith("cryptography.") and hasattr(obj, "private_bytes"):
            return _private_key, (_der(obj),)
        if type(obj).__module__.startswith("cryptography.") and hasattr(obj, "public_bytes"):
            return _certificate, (_der_of_certificate(obj),)
        if type(obj) is WeakValueDictionary:
            return WeakValueDictionary, (dict(obj),)
        if type(obj) is FunctionType and obj.__qualname__ in _UNNAMED:
            return _UNNAMED[obj.__qualname__], ()
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            return _empty, (type(obj), obj.default_factory), vars(obj), None, iter(obj.items())
        if type(obj) is not IAMBackend:
            return NotImplemented
        own = {
            arn: each for arn, each in obj.managed_policies.items() if not isinstance(each, AWSManagedPolicy)
        }
        state = {**vars(obj), "aws_managed_policies": [], "managed_policies": own}
        return IAMBackend.__new__, (IAMBackend,), state


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.policies: dict[str, dict[str, Any]] = {}

    def persistent_load(self, pid: Any) -> Any:
        """Give the AWS-managed policy of a name."""
        account, arn, attached = pid
        policy = self.of_aws(account)[arn]
        policy.attachment_count = attached
        return policy

    def of_aws(self, account: str) -> dict[str, Any]:
        """Give an account's AWS-managed policies, made anew once."""
        from moto.iam.models import IAMBackend

        if account not in self.policies:
            self.policies[account] = dict(IAMBackend("aws", account).managed_policies)
        return self.policies[account]


def dump(world: World) -> bytes:
    """Give everything worth keeping. The caller holds the gate's lock."""
    from moto.s3.models import s3_backends

    backends = {
        each.service_name: {account: dict(regions.items()) for account, regions in each.items()}
        for each in _in_use()
    }
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(
        {
            "accounts": world.accounts.dump(),
            "sessions": world.sessions.dump(),
            "issuers": world.issuers.dump(),
            "backends": backends,
            "buckets": dict(s3_backends.bucket_accounts),
            "members": dump_members(),
        }
    )
    return stream.getvalue()


def load(world: World, state: bytes) -> None:
    """Put everything back, in place of what is there."""
    from moto.backends import get_backend
    from moto.s3.models import s3_backends

    wipe(world)
    unpickler = _Unpickler(state)
    found = unpickler.load()
    for service, accounts in found["backends"].items():
        backend = get_backend(service)
        for account, regions in accounts.items():
            for region, each in regions.items():
                if service == "iam":
                    known = unpickler.of_aws(account)
                    each.aws_managed_policies = list(known.values())
                    each.managed_policies = {**known, **each.managed_policies}
                backend[account][region] = each
    s3_backends.bucket_accounts.update(found["buckets"])
    load_members(found["members"])
    world.accounts.load(found["accounts"])
    world.sessions.load(found["sessions"])
    world.issuers.load(found["issuers"])


def wipe(world: World) -> None:
    """Forget every account and resource. The caller holds the gate's lock."""
    from moto.s3.models import s3_backends

    for _, _, backend in s3_backends.iter_backends():
        backend.reset()  # closes the objects' temporary files
    s3_backends.bucket_accounts.clear()
    for each in list(_in_use()):
        each.clear()
    _in_use().clear()
    load_members({})
    world.accounts.load({})
    world.sessions.load([])
    world.issuers.load({})


def _in_use() -> list[Any]:
    """Give moto's own list of the backends that hold anything."""
    from moto.core.base_backend import BackendDict

    found: list[Any] = getattr(BackendDict, "_instances")  # noqa: B009  # a generic class's private list
    return found


class Saver:
    """Saves after changes: half a second after the last one, and at the latest five after the first."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._changed = threading.Condition()
        self._first: float | None = None
        self._last = 0.0
        self._ends = False
        self._busy = threading.Lock()
        self.trouble = ""
        """Why the last try failed; "" when it did not."""
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def mark(self) -> None:
        """Say that something changed."""
        with self._changed:
            self._last = time.monotonic()
            if self._first is None:
                self._first = self._last
                self._changed.notify()

    def now(self) -> None:
        """Save at once what has changed."""
        with self._busy:
            with self._changed:
                if self._first is None:
                    return
                self._first = None
            self._save()

    def stop(self) -> None:
        """Stop watching and save what is left."""
        with self._changed:
            self._ends = True
            self._changed.notify()
        self._thread.join()
        self.now()

    def _run(self) -> None:
        pause = 0.0
        while self._due(time.monotonic() + pause):
            began = time.monotonic()
            try:
                self.now()
                self.trouble = ""
            except Exception as error:  # noqa: BLE001  # said in `status`; the next change tries again
                self.trouble = error.what if isinstance(error, LeastkeyError) else type(error).__name__
                _LOG.error("no snapshot: %s", self.trouble)  # the words may quote a secret
            pause = (time.monotonic() - began) * _SHARE

    def _due(self, earliest: float) -> bool:
        """Wait until a snapshot is due; False when it is time to end."""
        with self._changed:
            while not self._ends:
                if self._first is None:
                    self._changed.wait()
                    continue
                due = max(earliest, min(self._last + _QUIET_SECONDS, self._first + _LATEST_SECONDS))
                left = due - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
            return False
