"""Who the administrator is, and clients for given credentials: botocore's own search for profile, keys and endpoint.

The AWS variables and files are read by botocore, so that leastkey finds the same administrator as the AWS CLI does.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.session import Session

from leastkey import __version__
from leastkey.aws.calls import AwsCalls
from leastkey.aws.door import Door, server_time
from leastkey.aws.iam import AwsIam
from leastkey.aws.limiter import Limiter
from leastkey.aws.scrub import scrubbed
from leastkey.aws.settings import refused_setting, unreadable_file, usable_settings
from leastkey.aws.sign_in import ask_for_codes, sign_in_fault
from leastkey.aws.sts import AwsSts
from leastkey.aws.trail import AwsTrail
from leastkey.errors import LeastkeyError
from leastkey.iam.credentials import Names, handed_over
from leastkey.iam.endpoints import is_aws, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from leastkey.clock import Clock
    from leastkey.iam.credentials import AccessKey, SessionCredentials
    from leastkey.ports.aws import AdminSts, Calls, Iam, Sts
    from leastkey.ports.trail import Trail

__all__ = ["Administrator", "AwsConnect", "ask_unsigned", "connect_admin", "connect_as"]

CONNECTIONS: Final = 50
_BOTOCORE: Final = Names("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
HELPER: Final = "leastkey/credential_process.py"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Where the administrator's credentials come from, for people to read. `endpoint_url` None: AWS's own.

    `allowed_endpoint` is one that is neither AWS's nor on this computer and is meant.
    """

    source: str
    profile: str | None
    region: str
    endpoint_url: str | None
    allowed_endpoint: str | None = None


class AwsConnect:
    """Implements `ports.aws.Connect`: clients made when first asked for, all at one pace."""

    def __init__(
        self, session: Session, administrator: Administrator, clock: Clock, own: AccessKey | None = None
    ) -> None:
        self._session = session
        self._clock = clock
        self._own = own
        self._door = Door(Limiter(clock), clock)
        # Making clients is not thread-safe in botocore; using them is.
        self._making = threading.Lock()
        self.administrator = administrator

    @property
    def endpoint_url(self) -> str | None:
        """Where AWS is asked, None for AWS's own endpoint."""
        return self.administrator.endpoint_url

    def iam(self) -> Iam:
        """Give IAM as the administrator."""
        return AwsIam(self._client("iam", None), self._door, self._clock)

    def admin_sts(self) -> AdminSts:
        """Give STS as the administrator."""
        return AwsSts(self._client("sts", None), self._door)

    def trail(self, region: str) -> Trail:
        """Give CloudTrail's event history of a region, as the administrator."""
        return AwsTrail(self._client("cloudtrail", None, region), self._door)

    def sts(self, credentials: AccessKey | SessionCredentials) -> Sts:
        """Give STS as the owner of these credentials."""
        return AwsSts(self._client("sts", credentials), self._door)

    def calls(self, credentials: AccessKey | SessionCredentials) -> Calls:
        """Give arbitrary calls as the owner of these credentials."""
        made: dict[str, Any] = {}

        def client_of(service: str) -> Any:
            if service not in made:
                made[service] = self._client(service, credentials)
            return made[service]

        return AwsCalls(client_of, self._door)

    def own_calls(self) -> Calls:
        """Give arbitrary calls as the administrator."""
        return AwsCalls(lambda service: self._client(service, None), self._door)

    def _client(
        self, service: str, credentials: AccessKey | SessionCredentials | None, region: str | None = None
    ) -> Any:
        given = credentials or self._own
        with self._making, usable_settings():
            client = self._session.create_client(
                service,
                region_name=region or self.administrator.region,
                endpoint_url=self.administrator.endpoint_url,
                config=_config(self.administrator.endpoint_url),
                **({} if given is None else handed_over(given, _BOTOCORE)),
            )
        # A setting may name an endpoint for this service alone.
        _refuse_foreign(str(client.meta.endpoint_url), self.administrator.allowed_endpoint)
        return client


def connect_admin(
    environ: Mapping[str, str],
    clock: Clock,
    *,
    region: str,
    profile: str | None = None,
    allow_endpoint: str | None = None,
    quick: bool = False,
    ask_code: Callable[[str], str] | None = None,
) -> AwsConnect:
    """Find the administrator as the AWS CLI does: `--admin-profile`, then the AWS variables and files.

    `allow_endpoint` names an endpoint that is neither AWS's nor on this computer and is meant. `quick`: what may take
    long or ask a person (an instance's metadata, an MFA code, another program) is left alone. `ask_code` is asked for
    the code of an MFA device, given its name. Raises LeastkeyError `no-credentials`, `own-profile`, `foreign-endpoint`.
    """
    session = Session(profile=profile)
    session.user_agent_extra = f"leastkey/{__version__}"
    try:
        if not _from_variables(environ, profile):
            _refuse_own_profile(session)
            if quick:
                _refuse_asking(session)
        if quick:
            session.get_component("credential_provider").remove("iam-role")
        if ask_code is not None:
            ask_for_codes(session, ask_code)
        credentials = session.get_credentials()
    except exceptions.ProfileNotFound:
        raise _no_profile(environ, profile) from None
    except exceptions.ConfigParseError as error:
        raise unreadable_file(error) from None
    except ValueError as error:
        raise refused_setting(error) from None
    except exceptions.BotoCoreError as error:
        fault = sign_in_fault(error)
        raise LeastkeyError(
            "no-credentials",
            "the administrator's credentials cannot be read",
            why=fault.why if fault else f"botocore gave up with {type(error).__name__}",
            remedy=fault.fix if fault else "aws sts get-caller-identity",
        ) from None
    if credentials is None:
        raise _no_credentials(environ, profile)
    # Keys in variables win over a profile that a variable names.
    used = None if credentials.method == "env" else session.get_config_variable("profile")
    source = f"profile `{used}`" if used else str(credentials.method)
    endpoint = _endpoint(session, region, allow_endpoint)
    return AwsConnect(session, Administrator(source, used, region, endpoint, allow_endpoint), clock)


def connect_as(
    key: AccessKey, clock: Clock, *, region: str, endpoint_url: str | None, source: str
) -> AwsConnect:
    """Connect with a given key at a given endpoint, None for AWS's own, whatever the AWS variables and files say."""
    session = _bare_session()
    session.user_agent_extra = f"leastkey/{__version__}"
    return AwsConnect(session, Administrator(source, None, region, endpoint_url), clock, key)


def ask_unsigned(
    service: str, operation: str, region: str, endpoint_url: str | None, clock: Clock
) -> datetime | None:
    """Make a call that nobody signed, whatever the AWS variables and files say; gives the answer's date. Raises AwsError."""
    config = _config(endpoint_url).merge(
        Config(signature_version=UNSIGNED, connect_timeout=3, read_timeout=5)
    )
    with usable_settings():
        client = _bare_session().create_client(
            service, region_name=region, endpoint_url=endpoint_url, config=config
        )
    return server_time(Door(Limiter(clock), clock).ask(client, operation, {}))


def _bare_session() -> Session:
    """Give a session that reads none of the user's AWS variables and files."""
    unread = {
        name: (None, None, default, conversion)
        for name, (_, _, default, conversion) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    nowhere = (None, None, os.devnull, None)
    return Session(session_vars={**unread, "config_file": nowhere, "credentials_file": nowhere})


def _config(endpoint_url: str | None = None) -> Config:
    return Config(
        # The door repeats what may be repeated; botocore would create a second key after a lost answer.
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
        connect_timeout=5,
        read_timeout=30,
        # No proxy leads to this computer; botocore would send even loopback calls to one the variables name.
        proxies={}
        if endpoint_url is not None and is_loopback(urlsplit(endpoint_url).hostname or "")
        else None,
    )


def _from_variables(environ: Mapping[str, str], profile: str | None) -> bool:
    """Say whether botocore takes the key from variables: they win over AWS_PROFILE, not over a profile named to us."""
    return profile is None and bool(environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"))


def _refuse_own_profile(session: Session) -> None:
    """Refuse a profile of ours: it can only wear a role that may not touch IAM."""
    command = str(session.get_scoped_config().get("credential_process", "")).replace("\\", "/")
    if HELPER not in command:
        return
    name = session.get_config_variable("profile") or "default"
    raise LeastkeyError(
        "own-profile",
        f"profile `{name}` is one leastkey made for a script, it cannot administer IAM",
        why="its credentials come from leastkey's own helper",
        remedy="name an administrator: `--admin-profile NAME`",
    )


def _refuse_asking(session: Session) -> None:
    """Refuse a profile whose credentials come from a person or a program: either may take as long as it likes."""
    profiles = session.full_config.get("profiles", {})
    name, seen = session.get_config_variable("profile") or "default", set[str]()
    while name not in seen:
        seen.add(name)
        settings = profiles.get(name, {})
        asks = next((key for key in ("mfa_serial", "credential_process") if key in settings), None)
        if asks is not None:
            who = "asks for an MFA code" if asks == "mfa_serial" else "runs a program for its credentials"
            raise LeastkeyError("no-credentials", f"profile `{name}` {who}")
        name = settings.get("source_profile", name)


def _endpoint(session: Session, region: str, allowed: str | None) -> str | None:
    """Give the endpoint botocore would use for IAM where it is not AWS's own."""
    try:
        client = session.create_client(
            "iam", region_name=region, config=_config().merge(Config(signature_version=UNSIGNED))
        )
        url = str(client.meta.endpoint_url)
        parts = _parts(url)
    except exceptions.BotoCoreError as error:
        raise refused_setting(error) from None
    except ValueError as error:
        raise LeastkeyError(
            "usage",
            "the endpoint that is set for AWS is no URL",
            why=(
                scrubbed(str(error)),
                "from AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM or the profile's endpoint_url",
            ),
            state="nothing was changed, no call was made",
            remedy="`unset AWS_ENDPOINT_URL`, or give it as in `http://127.0.0.1:4566`",
        ) from None
    _refuse_foreign(url, allowed)
    return None if _is_aws(parts) else url


def _is_aws(parts: SplitResult) -> bool:
    return parts.scheme == "https" and is_aws(parts.hostname or "")


def _refuse_foreign(url: str, allowed: str | None) -> None:
    """Refuse an endpoint that is neither AWS's nor on this computer and is not the one that is meant."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise LeastkeyError(
            "usage",
            "the endpoint that is set for AWS holds a user name or a password",
            why=f"{scrubbed(url)}: requests to AWS are signed, and no client of it sends these",
            state="nothing was changed, no call was made to it",
            remedy="take what stands before the @ out of AWS_ENDPOINT_URL, or of endpoint_url in ~/.aws/config",
        )
    is_known = _is_aws(parts) or is_loopback(parts.hostname or "")
    if not is_known and url.rstrip("/") != (allowed or "").rstrip("/"):
        raise LeastkeyError(
            "foreign-endpoint",
            f"the endpoint {url} is neither AWS's nor on this computer",
            why="from AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> or an endpoint_url in ~/.aws/config",
            state="nothing was changed, no call was made to it",
            remedy=f"if you trust it with your credentials: `--allow-endpoint {url}`",
        )


def _parts(url: str) -> SplitResult:
    """Take a URL apart. Raises ValueError for one that no request could go to."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.port == 0:
        raise ValueError(f"Invalid endpoint: {url}")
    return parts


def _no_profile(environ: Mapping[str, str], profile: str | None) -> LeastkeyError:
    return LeastkeyError(
        "no-credentials",
        f"there is no AWS profile `{profile or environ.get('AWS_PROFILE', '')}`",
        why=f"from {'--admin-profile' if profile else 'AWS_PROFILE'}",
        remedy="aws configure list-profiles",
    )


def _no_credentials(environ: Mapping[str, str], profile: str | None) -> LeastkeyError:
    looked = "environment (none)" if not environ.get("AWS_ACCESS_KEY_ID") else "environment (incomplete)"
    name = environ.get("AWS_PROFILE")
    where = f"AWS_PROFILE ({f'`{name}`' if name else 'unset'}), {looked}, ~/.aws/config, ~/.aws/credentials"
    return LeastkeyError(
        "no-credentials",
        "no AWS credentials found for an administrator",
        why=f"looked in  {f'profile `{profile}`' if profile else where}",
        remedy=(
            "name an administrator: `--admin-profile NAME`",
            "no AWS account at hand? `--sandbox` needs none",
        ),
    )
