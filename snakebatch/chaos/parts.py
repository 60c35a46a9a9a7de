"""Multipart uploads of small models: parts of some KiB, so that a run of seconds has uploads to break."""

from __future__ import annotations

from snakebatch.mesh import uploads

LEAST_PART, PART = 8 << 10, 16 << 10
"""Bytes; S3's own least is 5 MiB."""

SERVICE_SETTINGS = {"S3_UPLOAD_PART_MIN_SIZE": str(LEAST_PART)}
"""What has moto take them."""


def shrink() -> None:
    """In a process that uploads models: make small parts from here on."""
    uploads.LEAST_PART, uploads.PART = LEAST_PART, PART
