"""Tables that try to break what reads them: what each is, how it is made, and what is to come of it.

A table is either refused, with a message that names the place (``refused`` is a pattern of it), or trained
right: ``trained`` says the datatypes, the target first, and the values of the feature ``a``. Every table goes
through the doors that tests/unit/input/test_tables.py names; its target is ``y``.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

WIDE = 10_000
"""Columns of the widest table."""


@dataclass(frozen=True)
class HostileTable:
    """``refused`` is a pattern of the message, ``trained`` the datatypes and the values of ``a``."""

    name: str
    data: bytes
    refused: str | None = None
    trained: tuple[str, list[Any]] | None = None


def _utf8(text: str) -> bytes:
    return text.encode()


def _wide(cells_of_last: int = WIDE) -> bytes:
    """As many columns as nobody has; ``y`` is the first, ``a`` the second."""
    names = ["y", "a", *(f"c{number}" for number in range(WIDE - 2))]
    rows = [[str(row % 2), *(str(row * column % 7) for column in range(WIDE - 1))] for row in range(1, 6)]
    rows[-1] = rows[-1][:cells_of_last]
    return "\n".join(",".join(cells) for cells in [names, *rows]).encode()


_FORMULAS = ["=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-2+3", '=HYPERLINK("http://x")']
_ROWS = "a,y\n1,u\n2,v\n"

REFUSED = [
    HostileTable("nothing", b"", refused="the table is empty"),
    HostileTable("a BOM and nothing", b"\xef\xbb\xbf", refused="the table is empty"),
    HostileTable("blank lines only", b"\n\r\n\n" * 1000, refused="the table is empty"),
    HostileTable("a header only", b"a,y\n", refused="a header and no rows"),
    HostileTable("a header without its line end", b"a,y", refused="a header and no rows"),
    HostileTable("a header and blank lines", b"a,y\n\n\n\n", refused="a header and no rows"),
    HostileTable("a NUL byte in the header", b"a\0,y\n1,2\n", refused="line 1 holds a NUL byte"),
    HostileTable("a NUL byte in a cell", b"a,y\n1,2\n\0,3\n", refused="line 3 holds a NUL byte"),
    HostileTable(
        "a NUL byte in a quoted cell", b'a,y\n1,2\n"x\ny\0z",3\n', refused="line 4 holds a NUL byte"
    ),
    HostileTable("UTF-16 with a BOM", _ROWS.encode("utf-16"), refused="line 1 is not UTF-8"),
    HostileTable("UTF-16 without one", _ROWS.encode("utf-16-le"), refused="line 1 holds a NUL byte"),
    HostileTable("UTF-32", _ROWS.encode("utf-32"), refused="line 1 is not UTF-8"),
    HostileTable("Latin-1", "a,y\n1,u\né,v\n".encode("latin-1"), refused="line 3 is not UTF-8"),
    HostileTable(
        "Latin-1 behind UTF-8", _utf8("a,y\né,u\n") + "é,v\n".encode("latin-1"), refused="line 3 is not UTF-8"
    ),
    HostileTable(
        "Latin-1 deep inside",
        _utf8("a,y\n" + "1,u\n" * 5_000) + b"\xe9,v\n",
        refused="line 5002 is not UTF-8",
    ),
    HostileTable("half a surrogate pair", b"a,y\n1,u\n\xed\xa0\x80,v\n", refused="line 3 is not UTF-8"),
    HostileTable("a character cut off", b"a,y\n1,u\n2,\xe2\x82", refused="line 3 is not UTF-8"),
    HostileTable("overlong UTF-8", b"a,y\n1,u\n\xc0\xaf,v\n", refused="line 3 is not UTF-8"),
    HostileTable(
        "a quote that never closes",
        b'a,y\n1,u\n"2,v\n' + b"3,w\n" * 100,
        refused=r"row 2 \(line 3\): a quote that opens there",
    ),
    HostileTable(
        "such a quote in the header", b'"a,y\n1,u\n', refused=r"line 1, the header: a quote that opens there"
    ),
    HostileTable(
        "a quote that never closes, behind blank lines and line ends in cells",
        b'\n\na,y\n"1\r\n\n2",u\n\n"2,v\n' + b"3,w\n" * 100,
        refused=r"row 2 \(line 8\): a quote that opens there",
    ),
    HostileTable("100,001 columns", b"," * 100_000 + b"\n1\n", refused="names 100,001 columns"),
    HostileTable("blank lines without number", b"\n" * 1_000_001 + b"a,y\n", refused="blank lines"),
    HostileTable("text behind a quoted cell", b'a,y\n1,u\n"2"3,v\n', refused=r"row 2 \(line 3\): .*quotes"),
    HostileTable("two columns of one name", b"a,a,y\n1,2,3\n", refused="two columns are named 'a', 1 and 2"),
    HostileTable("two that differ by blanks", b"a, a ,y\n1,2,3\n", refused="two columns are named 'a'"),
    HostileTable("the target twice", b"y,a,y\n1,2,3\n", refused="two columns are named 'y', 1 and 3"),
    HostileTable("the target alone", b"y\nu\nv\n", refused="no feature column"),
    HostileTable("no target", b"a,b\n1,2\n", refused=r"there is no column 'y'; the columns are 'a', 'b'"),
    HostileTable("nothing but separators", b";;;\n;;;\n", refused="there is no column 'y'"),
    HostileTable(
        "a row too short", b"a,y\n1,u\n2\n", refused=r"row 2 \(line 3\) has 1 cells, the header has 2"
    ),
    HostileTable(
        "a row too long", b"a,y\n1,u\n2,v,w\n", refused=r"row 2 \(line 3\) has 3 cells, the header has 2"
    ),
    HostileTable(
        "a row of 100,000 cells",
        b"a,y\n1,u\n" + b"," * 99_999 + b"\n",
        refused=r"row 2 \(line 3\) has 100000 cells",
    ),
    HostileTable(
        "10,000 columns, one cell lost", _wide(WIDE - 1), refused=r"row 5 \(line 6\) has 9999 cells"
    ),
    HostileTable("a file's end mark of DOS", b"a,y\n1,u\n2,v\n\x1a", refused=r"row 3 \(line 4\) has 1 cells"),
    HostileTable("an infinite number", b"a,y\n1,u\n-Infinity,v\n", refused="row 2, column 'a': not a finite"),
    HostileTable("a number too large", b"a,y\n1,u\n1e400,v\n", refused="row 2, column 'a': not a finite"),
    HostileTable("an infinite target", b"a,y\n1,2.5\n2,inf\n", refused="row 2, column 'y': not a finite"),
    HostileTable("a missing target", b"a,y\n1,2.5\n2,NaN\n", refused="row 2: the target column 'y' is empty"),
    HostileTable(
        "a target of 5,000 digits", b"a,y\n1,2\n2," + b"9" * 5000 + b"\n", refused=r"row 2, column 'y': '9+"
    ),
    HostileTable("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", refused="line 1 is not UTF-8"),
    HostileTable("a spreadsheet, which is a zip", b"PK\x03\x04\x14\0\x06\0", refused="NUL byte"),
    HostileTable(
        "gzip without its name", gzip.compress(b"a,y\n1,u\n", mtime=0), refused="line 1 is not UTF-8"
    ),
    HostileTable("a web page", b"<!doctype html><p>404</p>\n<p></p>\n", refused="there is no column 'y'"),
    HostileTable("JSON", b'[{"a": 1, "y": "u"}]\n', refused="line 1|there is no column 'y'"),
]

TRAINED = [
    HostileTable("a BOM", b"\xef\xbb\xbf" + _utf8(_ROWS), trained=("TN", [1.0, 2.0])),
    HostileTable("a BOM in a cell", _utf8("a,y\n\ufeff1,u\n2,v\n"), trained=("TT", ["\ufeff1", "2"])),
    HostileTable("10,000 columns", _wide(), trained=("BN", [0.0, 0.0, 0.0, 0.0, 0.0])),
    HostileTable(
        "formulas",
        _utf8(
            "a,y\n"
            + "".join(f'"{cell.replace(chr(34), chr(34) * 2)}",{cell[:2][-1]}u\n' for cell in _FORMULAS)
        ),
        trained=("TT", _FORMULAS),
    ),
    HostileTable("formulas as targets", b"a,y\n1,=1+1\n2,@x\n3,-y\n", trained=("TN", [1.0, 2.0, 3.0])),
    HostileTable("missing words", b"a,y\nNaN,u\n1,v\n", trained=("TN", [0.0, 1.0])),
    HostileTable("a label that says nan", b"a,y\n1,NaN\n2,inf\n3,x\n", trained=("TN", [1.0, 2.0, 3.0])),
    HostileTable("2^53+1", b"a,y\n9007199254740993,u\n1,v\n", trained=("TN", [2.0**53, 1.0])),
    HostileTable(
        "targets about 2^53", b"a,y\n1,9007199254740993\n2,9007199254740992\n", trained=("IN", [1.0, 2.0])
    ),
    HostileTable("mixed line ends", b"a,y\r\n1,u\n2,v\r3,u\r\n4,v", trained=("TN", [1.0, 2.0, 3.0, 4.0])),
    HostileTable("doubled line ends", b"a,y\r\r\n1,u\r\r\n2,v\r\r\n", trained=("TN", [1.0, 2.0])),
    HostileTable(
        "line ends that are none",
        _utf8("a,y\n1\u2028\x0b\x0c\x85,u\n2,v\n"),
        trained=("TT", ["1\u2028\x0b\x0c\x85", "2"]),
    ),
    HostileTable("line ends in quotes", b'a,y\n"1\r\n2\n",u\n3,v\n', trained=("TT", ["1\r\n2\n", "3"])),
    HostileTable("control characters", b"a,y\n\x01\x1b[31m,u\n2,v\n", trained=("TT", ["\x01\x1b[31m", "2"])),
    HostileTable(
        "the last characters of Unicode",
        _utf8("a,y\n\uffff\U0010ffff,u\n2,v\n"),
        trained=("TT", ["\uffff\U0010ffff", "2"]),
    ),
    HostileTable("digits of other scripts", _utf8("a,y\n١٢,u\n２,v\n"), trained=("TT", ["١٢", "２"])),
    HostileTable("a target of other digits", _utf8("a,y\n1,²\n2,３\n"), trained=("TN", [1.0, 2.0])),
    HostileTable("Python's own numbers", b"a,y\n1_0,u\n0x10,v\n", trained=("TT", ["1_0", "0x10"])),
    HostileTable("the ends of the floats", b"a,y\n5e-324,u\n1e308,v\n", trained=("TN", [5e-324, 1e308])),
    HostileTable("a minus before zero", b"a,y\n-0.0,u\n1,v\n", trained=("TN", [0.0, 1.0])),
    HostileTable(
        "200,000 quotes", b'a,y\n"' + b'""' * 100_000 + b'",u\n1,v\n', trained=("TT", ['"' * 100_000, "1"])
    ),
    HostileTable("paths as names", b"../../etc/passwd,a,y\n1,1,u\n2,2,v\n", trained=("TN", [1.0, 2.0])),
    HostileTable(
        "a name of 1 MB", b"a," + b"n" * 1_000_000 + b",y\n1,1,u\n2,2,v\n", trained=("TN", [1.0, 2.0])
    ),
    HostileTable("separators in quoted names", b'";b"";",a,y\n1,1,u\n2,2,v\n', trained=("TN", [1.0, 2.0])),
    HostileTable("a name that goes on", b'"b;;;\nc",a,y\n1,1,u\n2,2,v\n', trained=("TN", [1.0, 2.0])),
    HostileTable("names with line ends", b'"b\r\nc",a,y\n1,1,u\n2,2,v\n', trained=("TN", [1.0, 2.0])),
]

TABLES = {table.name: table for table in (*REFUSED, *TRAINED)}
