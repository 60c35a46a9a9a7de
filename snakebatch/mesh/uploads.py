"""Objects written in parts, some in flight at a time, so that memory is bounded whatever their size."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 8 << 20
"""Bytes of a part of a multipart upload: S3 wants 5 MiB at least and 10,000 parts at most (80 GB here)."""

_IN_FLIGHT = 2
"""Parts that are sent while the next one is made."""


class Upload:
    """One object. Within ``with``, ``feed`` takes its bytes; it appears whole as the block ends, or not at
    all: an error aborts the upload.
    """

    def __init__(self, s3: S3Client, bucket: str, key: str, content_type: str = "application/json") -> None:
        self.size = 0
        self.s3 = s3
        self._target: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._content_type = content_type
        self._waiting = bytearray()
        self._upload: str | None = None
        self._done: list[Any] = []
        self._sending: deque[Future[Any]] = deque()
        self._senders = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="upload")

    def feed(self, data: bytes) -> None:
        """Add bytes; waits while as many parts as may be are in flight."""
        self._waiting += data
        if len(self._waiting) >= PART:
            self._send()

    def fills(self, data: bytes) -> bool:
        """Whether ``feed`` of these bytes sends a part, and so may wait."""
        return len(self._waiting) + len(data) >= PART

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

    def _send(self) -> None:
        if self._upload is None:
            answer = self.s3.create_multipart_upload(**self._target, ContentType=self._content_type)
            self._upload = answer["UploadId"]
        while len(self._sending) >= _IN_FLIGHT:
            self._take()
        part, self._waiting = bytes(self._waiting), bytearray()
        self.size += len(part)
        number = len(self._done) + len(self._sending) + 1
        self._sending.append(self._senders.submit(self._send_part, self._upload, number, part))

    def _send_part(self, upload: str, number: int, part: bytes) -> dict[str, Any]:
        answer = self.s3.upload_part(**self._target, UploadId=upload, PartNumber=number, Body=part)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _take(self) -> None:
        self._done.append(self._sending.popleft().result())

    def _complete(self) -> None:
        if self._upload is None:
            self.size = len(self._waiting)
            self.s3.put_object(**self._target, Body=bytes(self._waiting), ContentType=self._content_type)
            return
        if self._waiting:
            self._send()
        while self._sending:
            self._take()
        parts: Any = {"Parts": self._done}
        self.s3.complete_multipart_upload(**self._target, UploadId=self._upload, MultipartUpload=parts)
