"""The one place here that knows boto3: clients of a region, and AWS's errors in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from snakebatch.errors import AccountError, InputError, MissingExtraError, shown

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
    }
)
_UNKNOWN = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
)


def clients(region: str | None) -> Clients:
    """Clients of ``region``, or of the one that profile and environment name.

    Raises MissingExtraError without boto3, InputError for what can't be a region's name, AccountError where
    no region is known.
    """
    try:
        import boto3
        from botocore.exceptions import InvalidRegionError
        from botocore.utils import validate_region_name
    except ImportError:
        message = "boto3 is not installed; run: pip install 'snakebatch[aws]'"
        raise MissingExtraError(message, name="boto3") from None
    with asking("the region"):
        session = boto3.Session(region_name=region)
    if session.region_name is None:
        raise AccountError("no region is known: pass --region, or set AWS_REGION, or run `aws configure`")
    try:
        validate_region_name(session.region_name)
    except InvalidRegionError:
        raise InputError(f"{shown(session.region_name)} is no region's name, such as eu-west-3") from None
    return Clients(session)


class Clients:
    """Clients by service name, each made once, with retries that pace themselves."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._made: dict[str, Any] = {}

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            from botocore.config import Config

            config = Config(retries={"mode": "standard", "max_attempts": 8}, connect_timeout=10)
            with asking(service):  # where its region is none, for one
                self._made[service] = self.session.client(service, config=config)
        return self._made[service]


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what boto3 raises within the block into an AccountError that names ``what`` and the remedy."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise AccountError(_said(what, error.response["Error"])) from error
    except BotoCoreError as error:
        raise AccountError(_unreached(what, error)) from error


def code_of(error: Exception) -> str:
    """AWS's code of a ClientError, or nothing for any other error."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _said(what: str, error: Any) -> str:
    code, message = error.get("Code", ""), error.get("Message", "")
    if code in _EXPIRED:
        return f"{what}: the credentials have expired; log in again (aws sso login)"
    if code in _UNKNOWN:
        return f"{what}: AWS does not know these credentials; check AWS_PROFILE, or run `aws configure`"
    if code in _REFUSED:
        return f"{what}: these credentials may not do this ({message}); use a role that may"
    return f"{what}: AWS said {code}: {message}"


def _unreached(what: str, error: Exception) -> str:
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "SSO" in name:
        remedy = "run `aws configure` or `aws sso login`, or set AWS_PROFILE"
        return f"{what}: no usable AWS credentials ({error}); {remedy}"
    if name == "ProfileNotFound":
        return f"{what}: {error}; set AWS_PROFILE to one of ~/.aws/config"
    return f"{what}: AWS was not reached ({error}); check the region's name and the network"
