"""What a function is, and the names by which callers may ask for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from snakebatch.local.isolation import ACCOUNT, REGION
from snakebatch.local.lambdas.errors import client_error

LATEST = "$LATEST"

_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?=\d{12}:function:))?"
    r"(?:(?P<account>\d{12}):function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,140})"
    r"(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,129}))?"
)


@dataclass(frozen=True)
class Blueprint:
    """All that decides what an execution environment loads; functions that agree in it share environments."""

    code: Path
    handler: str
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Function:
    """A function as it would be deployed.

    ``code`` is the folder that holds the handler's module (its ``CodeUri``), ``handler`` is
    ``module.function``, ``timeout`` is in seconds (any positive number, where AWS wants whole ones),
    ``memory_size`` in MB is told to the handler but not enforced, ``aliases`` maps an alias to a version.
    """

    name: str
    code: Path
    handler: str = "app.handler"
    timeout: float = 3.0
    memory_size: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=lambda: {"live": "1"})

    @property
    def arn(self) -> str:
        """Unqualified ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def version(self, qualifier: str | None) -> str | None:
        """Version behind a qualifier (an alias, a version, ``$LATEST`` or nothing); None if there is none."""
        if qualifier is None or qualifier == LATEST:
            return LATEST
        if qualifier in self.aliases:
            return self.aliases[qualifier]
        return qualifier if qualifier in self.aliases.values() else None


def parse_name(text: str, qualifier: str | None) -> tuple[str, str | None]:
    """Function name and qualifier from what a caller gave as ``FunctionName`` and ``Qualifier``.

    A name, ``name:qualifier``, a partial ARN (``account:function:name``) and a full ARN are understood.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise client_error(
            "ValidationException",
            400,
            f"Value {text!r} at 'functionName' is no function name or function ARN",
        )
    inline = match["qualifier"]
    if inline is not None and qualifier is not None and inline != qualifier:
        raise client_error(
            "InvalidParameterValueException",
            400,
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return match["name"], inline if inline is not None else qualifier
