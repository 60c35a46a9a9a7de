"""Multipart uploads whose maker died, or never heard of them: only the bucket's own rule can end them."""

from __future__ import annotations

import re
import threading

from snakebatch.chaos.call import Call

_NOBODY = "nobody"
_UPLOAD = re.compile(rb"<UploadId>([^<]+)</UploadId>")


class Abandoned:
    """Knows who began which upload, and who died since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._makers: dict[str, str] = {}
        self._dead: set[str] = set()

    def note(self, call: Call, answer: bytes) -> None:
        """A request was answered: it may have begun an upload."""
        if call.operation == "CreateMultipartUpload" and (found := _UPLOAD.search(answer)):
            with self._lock:
                self._makers[found[1].decode()] = call.who

    def unheard(self, call: Call, answer: bytes) -> None:
        """An answer was lost: of an upload that it began nobody will ever know."""
        if call.operation == "CreateMultipartUpload" and (found := _UPLOAD.search(answer)):
            with self._lock:
                self._makers[found[1].decode()] = _NOBODY
                self._dead.add(_NOBODY)

    def died(self, who: str) -> None:
        """A process is about to be killed."""
        with self._lock:
            self._dead.add(who)

    @property
    def begun(self) -> int:
        """How many uploads there were."""
        with self._lock:
            return len(self._makers)

    def __contains__(self, upload: str) -> bool:
        """Whether whoever began this upload is dead."""
        with self._lock:
            return self._makers.get(upload) in self._dead
