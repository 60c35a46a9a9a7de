"""Forms as they come: ``multipart/form-data`` piece by piece, so that a file is never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gatherer.api.problems import ProblemError

FILE = "file"
"""The name of the field that holds the file."""

_MOST_FIELDS = 100
_MOST_FIELD_BYTES = 64 << 10


@dataclass
class FormPart:
    """A field of a form; ``filename`` only where it is a file."""

    name: str
    filename: str | None


Piece = tuple[FormPart, bytes]


@dataclass
class _Pieces:
    """What the parser found and nobody has taken yet. Every part is there at least once, with no bytes."""

    waiting: list[Piece] = field(default_factory=list)
    parts: int = 0
    ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: bytes = b""
    _value: bytes = b""
    _part: FormPart = field(default_factory=lambda: FormPart("", None))

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self.parts += 1
        if self.parts > _MOST_FIELDS:
            raise ProblemError(422, f"the form has more than {_MOST_FIELDS} fields")
        self._headers.clear()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name")
        if name is None:
            raise ProblemError(422, "a part of the form has no name")
        filename = options.get(b"filename")
        self._part = FormPart(_text(name, "name"), None if filename is None else _text(filename, "filename"))
        self.waiting.append((self._part, b""))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.waiting.append((self._part, data[start:end]))

    def _end(self) -> None:
        self.ended = True


async def pieces_of(request: Request) -> AsyncIterator[Piece]:
    """The parts of a form, a piece at a time. Raises ProblemError (422) on what is no whole form."""
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise ProblemError(422, "the content type names no boundary", field="body")
    found = _Pieces()
    try:
        parser = MultipartParser(boundary, found.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
            for piece in found.waiting:
                yield piece
            found.waiting.clear()
    except FormParserError as error:
        raise ProblemError(422, f"the form can't be read: {error}", field="body") from error
    if not found.ended:
        raise ProblemError(422, "the form ends too soon: send it again", field="body")


class Fields(dict[str, str]):
    """The texts of a form's fields; raises ProblemError (422) on too much of them."""

    def __init__(self) -> None:
        super().__init__()
        self._raw: dict[str, bytearray] = {}
        self._size = 0

    def take(self, part: FormPart, data: bytes) -> None:
        """Take a piece of a field."""
        self._size += len(data)
        if self._size > _MOST_FIELD_BYTES:
            raise ProblemError(422, "the fields beside the file are too long", field=part.name)
        if not data and part.name in self._raw:
            raise ProblemError(422, "it is there twice; give it once", field=part.name)
        self._raw.setdefault(part.name, bytearray()).extend(data)

    def close(self) -> None:
        """Read the texts, once all pieces are there."""
        for name, data in self._raw.items():
            self[name] = _text(bytes(data), name)


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a small form without a file, of either kind that browsers send."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        fields = Fields()
        async for part, data in pieces_of(request):
            fields.take(part, data)
        fields.close()
        return fields
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_FIELD_BYTES:
            raise ProblemError(413, "the form is too long")
    return dict(parse_qsl(_text(bytes(raw), "body"), keep_blank_values=True, max_num_fields=None))


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ProblemError(422, "it is not UTF-8 text", field=name) from error
