"""What our children may know of the user's environment: next to nothing, and no way to an AWS account."""

from __future__ import annotations

import os

REGION = "eu-west-3"
ACCOUNT = "123456789012"

CREDENTIAL = "embedded"
"""Access key, secret and session token of every client and child."""

_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def isolated_environment() -> dict[str, str]:
    """Environment of a child: our PATH and locale, invented credentials, no profile, no file, no proxy."""
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "AWS_SESSION_TOKEN": CREDENTIAL,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Without these, boto3 looks into the home folder, HOME or not, and asks for EC2's metadata.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # It also keeps a forked process on macOS from asking the system for proxies, which crashes it.
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
