"""Objects written in parts, some in flight at a time, so that memory is bounded whatever their size."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 8 << 20
"""Bytes of a part that is made here: S3 wants 5 MiB at least and 10,000 parts at most (80 GB here)."""

LEAST_PART = 5 << 20
"""Bytes that S3 wants of every part but the last."""

_IN_FLIGHT = 2
"""Parts with bytes of ours that are sent while the next one is made."""

_COPIES = 16
"""Parts that S3 copies at a time: that costs us no memory, and it is S3 that is busy."""

CONNECTIONS = _IN_FLIGHT + _COPIES
"""To S3, that one upload may use at a time: a client that has fewer makes and drops them."""


class Upload:
    """One object. Within ``with``, ``feed`` and ``copy`` take its bytes; it appears whole as the block ends,
    or not at all: an error aborts the upload.
    """

    def __init__(self, s3: S3Client, bucket: str, key: str, content_type: str = "application/json") -> None:
        self.size = 0
        self.s3 = s3
        self._target: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._content_type = content_type
        self._waiting = bytearray()
        self._upload: str | None = None
        self._parts: list[Future[str]] = []
        self._sending: deque[Future[str]] = deque()
        self._copying: deque[Future[str]] = deque()
        self._senders = ThreadPoolExecutor(_IN_FLIGHT + _COPIES, thread_name_prefix="upload")

    def feed(self, data: bytes) -> None:
        """Add bytes; waits while as many parts as may be are in flight."""
        self._waiting += data
        self.size += len(data)
        if len(self._waiting) >= PART:
            self._send()

    def fills(self, data: bytes) -> bool:
        """Whether ``feed`` of these bytes sends a part, and so may wait."""
        return len(self._waiting) + len(data) >= PART

    def copy(self, key: str, start: int, stop: int, etag: str) -> None:
        """Add the bytes from ``start`` up to ``stop`` of the bucket's object that has this ETag.

        S3 copies them itself; only what is too little for a part of its own passes through here. Raises
        ClientError (412) where the object was written over since.
        """
        short = LEAST_PART - len(self._waiting) if self._waiting else 0
        if 0 < short < stop - start:
            self.feed(self._read(key, start, start + short, etag))
            start += short
        if stop - start < LEAST_PART:
            self.feed(self._read(key, start, stop, etag))
            return
        if self._waiting:
            self._send()
        self._start()
        while len(self._copying) >= _COPIES:
            self._copying.popleft().result()
        self.size += stop - start
        source = {"Bucket": self._target["Bucket"], "Key": key}
        self._copying.append(self._add_part(self._copy_part, source, f"bytes={start}-{stop - 1}", etag))

    def complete(self) -> None:
        """Let the object appear; where that fails, nothing of it is left."""
        try:
            self._complete()
        except BaseException:
            self.abort()
            raise
        self._senders.shutdown()

    def abort(self) -> None:
        """Leave nothing of it."""
        self._senders.shutdown(cancel_futures=True)
        if self._upload is not None:
            self.s3.abort_multipart_upload(**self._target, UploadId=self._upload)

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.complete()
        else:
            self.abort()

    def _start(self) -> None:
        if self._upload is None:
            answer = self.s3.create_multipart_upload(**self._target, ContentType=self._content_type)
            self._upload = answer["UploadId"]

    def _send(self) -> None:
        self._start()
        while len(self._sending) >= _IN_FLIGHT:
            self._sending.popleft().result()
        part, self._waiting = bytes(self._waiting), bytearray()
        self._sending.append(self._add_part(self._send_part, part))

    def _add_part(self, task: Any, *arguments: Any) -> Future[str]:
        part = self._senders.submit(task, len(self._parts) + 1, *arguments)
        self._parts.append(part)
        return part

    def _send_part(self, number: int, part: bytes) -> str:
        answer = self.s3.upload_part(**self._target, UploadId=str(self._upload), PartNumber=number, Body=part)
        return answer["ETag"]

    def _copy_part(self, number: int, source: Any, bytes_range: str, etag: str) -> str:
        answer = self.s3.upload_part_copy(
            **self._target,
            UploadId=str(self._upload),
            PartNumber=number,
            CopySource=source,
            CopySourceRange=bytes_range,
            CopySourceIfMatch=etag,
        )
        return answer["CopyPartResult"]["ETag"]

    def _read(self, key: str, start: int, stop: int, etag: str) -> bytes:
        if start == stop:
            return b""
        answer = self.s3.get_object(
            Bucket=self._target["Bucket"], Key=key, Range=f"bytes={start}-{stop - 1}", IfMatch=etag
        )
        return answer["Body"].read()

    def _complete(self) -> None:
        if self._upload is None:
            self.s3.put_object(**self._target, Body=bytes(self._waiting), ContentType=self._content_type)
            return
        if self._waiting:
            self._send()
        parts: Any = [
            {"PartNumber": number, "ETag": part.result()} for number, part in enumerate(self._parts, 1)
        ]
        self.s3.complete_multipart_upload(
            **self._target, UploadId=self._upload, MultipartUpload={"Parts": parts}
        )
