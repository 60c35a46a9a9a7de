"""docs/http-api.md says what is so: its curl lines are carried out, and its limits are the settings'."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from gatherer.api.settings import Rate, Settings
from tests.support.api import KEY, ApiBench, Caller
from tests.support.handlers import ROOT
from tests.support.mesh import BUCKET
from tests.support.predictions import small_snake

PAGE = (ROOT / "docs/http-api.md").read_text(encoding="utf-8")
LINE = re.compile(r"^curl (.*?) +# (\d{3})$", re.MULTILINE)
CSV = b"y,x\na,1\nb,2\n"


def carried_out(api: ApiBench, line: str, known: dict[str, str], files: dict[str, bytes]) -> httpx.Response:
    """What curl would do with the arguments that the page uses; names such as $ID stand for what is known."""
    words = shlex.split(line)
    method, headers, form, body = None, {}, [], None
    url = ""
    while words:
        word = re.sub(r"\$([A-Z]+)", lambda name: known[name[1]], words.pop(0))
        if not word.startswith("-"):
            url = word
            continue
        if word == "-L":
            continue
        value = re.sub(r"\$([A-Z]+)", lambda name: known[name[1]], words.pop(0))
        if word == "-H":
            name, _, text = value.partition(": ")
            headers[name] = text
        elif word == "-X":
            method = value
        elif word == "-F":
            form.append(value.split("=", 1))
        elif word in ("--json", "--data-binary"):
            body = files[value[1:]] if value.startswith("@") else value.encode()
            headers |= {"Content-Type": "application/json"} if word == "--json" else {}
        else:
            assert word == "-o", f"teach this test curl's {word}"
    given: dict[str, Any] = {"content": body} if body is not None else {}
    if form:
        given["files"] = {
            name: (text[1:], files[text[1:]]) if text.startswith("@") else (None, text) for name, text in form
        }
    return Caller(api.app, headers).request(method or ("POST" if given else "GET"), url, **given)


def test_every_line_of_the_page_is_answered_as_it_says(api: ApiBench, tmp_path: Path) -> None:
    small_snake().to_json(tmp_path / "model.json")
    files = {"data.csv": CSV, "model.json": (tmp_path / "model.json").read_bytes()}
    known = {"AUTH": f"Authorization: Bearer {KEY}", "URL": "http://gatherer"}
    lines = LINE.findall(PAGE)
    for line, status in lines:
        answer = carried_out(api, line, known, files)
        assert answer.status_code == int(status), (line, answer.text)
        said = answer.json() if answer.content else {}
        if "/v9/train" in line and "ID" not in known:
            known["ID"] = said["model_id"]
            finish(api, known["ID"])
        elif "/v9/models" in line:
            known["MODEL"] = said["model_id"]
        elif "upload_id" in said:
            known["UPLOAD"] = said["upload_id"]
    assert len(lines) == len(re.findall(r"^curl ", PAGE, re.MULTILINE)), "each says its status"


def finish(api: ApiBench, model_id: str) -> None:
    """End a job as the workflow would."""
    for name in ("model", "model_stripped"):
        api.objects.put(f"jobs/{model_id}/{name}.json", b"{}")
    where = f"s3://{BUCKET}/jobs/{model_id}"
    api.sfn.succeed(model_id, model=f"{where}/model.json", model_stripped=f"{where}/model_stripped.json")
    api.store.put_receipt(None, model_id, {"status": "TRAINED"})


def test_every_route_has_a_line(api: ApiBench) -> None:
    for path in api.app.openapi()["paths"]:
        pattern = re.sub(r"\\\{\w+\\\}", r"[$\\w]+", re.escape(path))
        assert re.search(rf"\$URL{pattern}(?![\w/])", PAGE), path


@pytest.mark.parametrize("name", [field.name for field in fields(Settings) if field.name != "keys_sha256"])
def test_the_table_of_limits_is_the_settings(name: str) -> None:
    value = getattr(Settings(), name)
    kind = (
        "RATE_"
        if isinstance(value, Rate)
        else "MAX_"
        if name in ("json_bytes", "upload_bytes", "part_bytes")
        else ""
    )
    text = f"{value.per_second:.4g}:{value.burst}" if isinstance(value, Rate) else str(value)
    variable = f"GATHERER_{kind}{name.upper()}"
    assert f"| `{variable}` | {text} |" in PAGE
    Settings.read_from({variable: text})
