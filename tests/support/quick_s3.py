"""What S3 is asked most, done to moto's buckets as its HTTP side does it: see ``quick_moto``."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NoReturn

from botocore.response import StreamingBody
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.support.quick_answers import WRITES, Answer, Quick, RefusedError

_PAGE = 1_000
_MOST_KEY = 1_024
_SAID = "x-amz-meta-"
_SUMMED = "x-amz-sdk-checksum-algorithm"


def _backend() -> Any:
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _bucket(name: str) -> Any:
    """The bucket, where nothing was set up for it that concerns an object; else None."""
    bucket = _backend().buckets.get(name)
    plain = bucket is not None and not (
        bucket.versioning_status
        or bucket.policy
        or bucket.encryption
        or bucket.cors
        or bucket.logging
        or bucket.notification_configuration
        or bucket.object_lock_enabled
    )
    return bucket if plain else None


def _checked_by_crc32(key: Any) -> bool:
    return key.checksum_algorithm == "CRC32" and not key.checksum_type


def _plain(key: Any) -> bool:
    """Whether nothing is said of the object that is not said here."""
    more = (
        key.encryption,
        key.storage_class != "STANDARD",
        key.expiry_date,
        key.website_redirect_location,
        key.lock_mode,
        key.lock_until,
        key.lock_legal_status,
        key.checksum_algorithm and not _checked_by_crc32(key),
    )
    return not any(more)


def _missing(key: str) -> NoReturn:
    raise RefusedError(404, "NoSuchKey", "The specified key does not exist.", Key=key)


def _unlike(condition: str) -> NoReturn:
    message = "At least one of the pre-conditions you specified did not hold"
    raise RefusedError(412, "PreconditionFailed", message, Condition=condition)


def _changed(moment: datetime) -> datetime:
    """To the second, as S3 says it."""
    return moment.replace(microsecond=0, tzinfo=UTC)


def _described(key: Any) -> dict[str, Any]:
    """What GetObject and HeadObject say alike."""
    said = {name.removeprefix(_SAID): value for name, value in key.metadata.items() if name.startswith(_SAID)}
    return {
        "AcceptRanges": "bytes",
        "LastModified": _changed(key.last_modified),
        "ContentLength": key.size,
        "ETag": key.etag,
        "ContentType": key.metadata["content-type"],
        "Metadata": said,
    }


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of ``bytes=3-5``; None for other spellings."""
    first, dash, last = asked.removeprefix("bytes=").partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        return None
    return (int(first), min(int(last) + 1, size)) if int(first) < size else None


def _found(Bucket: str, Key: str) -> tuple[bool, Any]:
    """Whether it can be answered here, and the object, or None where there is none."""
    bucket = _bucket(Bucket)
    if bucket is None:
        return False, None
    key = bucket.keys.get(Key)
    settable = key is None or all(
        name in ("content-type", _SUMMED) or name.startswith(_SAID) for name in key.metadata
    )
    return settable and (key is None or _plain(key)), key


def _get(_: Any, *, Bucket: str, Key: str, Range: str = "", IfMatch: str = "") -> Answer | None:
    here, key = _found(Bucket, Key)
    part = _part(Range, key.size) if Range and key else None
    if not here or (Range and key and part is None):
        return None
    if key is None:
        _missing(Key)
    if IfMatch and key.etag.strip('"') != IfMatch.strip('"'):
        _unlike("If-Match")
    data, answer = key.value, _described(key)
    if part:
        start, stop = part
        data = data[start:stop]
        answer |= {"ContentRange": f"bytes {start}-{stop - 1}/{key.size}", "ContentLength": len(data)}
    if _checked_by_crc32(key) and len(data) == key.size:
        answer["ChecksumCRC32"] = key.checksum_value
    body: Any = BytesIO(data)
    return 206 if part else 200, {**answer, "Body": StreamingBody(body, len(data))}


def _head(_: Any, *, Bucket: str, Key: str) -> Answer | None:
    here, key = _found(Bucket, Key)
    if here and key is None:
        raise RefusedError(404, "404", "Not Found")
    return (200, _described(key)) if here else None


def _put(
    _: Any,
    *,
    Bucket: str,
    Key: str,
    Body: bytes = b"",
    ContentType: str = "",
    Metadata: dict[str, str] | None = None,
    IfMatch: str = "",
    IfNoneMatch: str = "",
) -> Answer | None:
    bucket = _bucket(Bucket)
    said = Metadata or {}
    if bucket is None or not isinstance(Body, bytes) or len(Key.encode()) > _MOST_KEY:
        return None
    if IfNoneMatch not in ("", "*") or not all(map(str.isascii, [*said, *said.values()])):
        return None
    checksum = base64.b64encode(zlib.crc32(Body).to_bytes(4)).decode()
    with WRITES:
        old = bucket.keys.get(Key)
        if IfMatch and old is None:
            raise RefusedError(404, "NoSuchKey", "The specified key does not exist.")
        if IfMatch and old.etag.strip('"') != IfMatch.strip('"'):
            _unlike("If-Match")
        if IfNoneMatch and old is not None:
            _unlike("If-None-Match")
        key = _backend().put_object(Bucket, Key, Body, storage="STANDARD", checksum_value=checksum)
        key.set_metadata(
            {"Content-Type": ContentType or "binary/octet-stream", _SUMMED: "CRC32"}
            | {f"{_SAID}{name}": value for name, value in said.items()}
        )
        key.checksum_algorithm = "CRC32"
    return 200, {"ETag": key.etag, "ChecksumCRC32": checksum}


def _list(
    _: Any,
    *,
    Bucket: str,
    Prefix: str = "",
    MaxKeys: int = _PAGE,
    ContinuationToken: str = "",
    StartAfter: str = "",
) -> Answer | None:
    bucket = _bucket(Bucket)
    if bucket is None or not all(map(_plain, list(bucket.keys.values()))):
        return None
    keys, more, token = _backend().list_objects_v2(
        bucket, Prefix, None, ContinuationToken or None, StartAfter or None, MaxKeys
    )
    answer = {
        "IsTruncated": more,
        "Name": Bucket,
        "Prefix": Prefix,
        "MaxKeys": MaxKeys,
        "EncodingType": "url",
        "KeyCount": len(keys),
    }
    if keys:
        answer["Contents"] = [_listed(key) for key in keys]
    if token:
        answer["NextContinuationToken"] = token
    if StartAfter and not ContinuationToken:
        answer["StartAfter"] = StartAfter
    return 200, answer


def _listed(key: Any) -> dict[str, Any]:
    entry = {
        "Key": key.name,
        "LastModified": _changed(key.last_modified),
        "ETag": key.etag,
        "Size": key.size,
        "StorageClass": "STANDARD",
    }
    return entry | ({"ChecksumAlgorithm": ["CRC32"]} if _checked_by_crc32(key) else {})


def _delete(_: Any, *, Bucket: str, Key: str) -> Answer | None:
    if _bucket(Bucket) is None:
        return None
    with WRITES:
        _backend().delete_object(Bucket, Key)
    return 204, {}


OPERATIONS = {
    ("s3", "GetObject"): Quick(frozenset({"Bucket", "Key", "Range", "IfMatch"}), _get),
    ("s3", "HeadObject"): Quick(frozenset({"Bucket", "Key"}), _head),
    ("s3", "PutObject"): Quick(
        frozenset({"Bucket", "Key", "Body", "ContentType", "Metadata", "IfMatch", "IfNoneMatch"}), _put
    ),
    ("s3", "ListObjectsV2"): Quick(
        frozenset({"Bucket", "Prefix", "MaxKeys", "ContinuationToken", "StartAfter"}), _list
    ),
    ("s3", "DeleteObject"): Quick(frozenset({"Bucket", "Key"}), _delete),
}
