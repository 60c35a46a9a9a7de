"""What children and clients may know of the user's settings: next to nothing, and no way to AWS."""

from __future__ import annotations

import os

import botocore.session

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


def isolated_session() -> botocore.session.Session:
    """A botocore session that knows of no profile and reads no file."""
    # A variable of a session is (key in the file, environment variable, default, conversion). Without the
    # first two the user has no say; a profile that does not exist would otherwise be an error at the first
    # question.
    fixed = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "region": (None, None, REGION, None),
    }
    session = botocore.session.Session(session_vars=fixed)
    session.set_credentials(CREDENTIAL, CREDENTIAL, CREDENTIAL)
    return session
