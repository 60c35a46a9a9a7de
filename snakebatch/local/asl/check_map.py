"""Checks of Map: modes, ItemReader, ItemBatcher, ResultWriter, tolerated failures."""

from __future__ import annotations

import re
from typing import Any

from .checks import Check
from .fields import BATCHER_FIELDS, DISTRIBUTED_ONLY, READER_CONFIG_FIELDS, READER_FIELDS, WRITER_FIELDS
from .item_reader import DELIMITERS, GET_OBJECT, LIST_OBJECTS
from .machine import JSONATA
from .resources import service_model
from .shapes import members

PUT_OBJECT = "arn:aws:states:::s3:putObject"
_TYPES = ("JSON", "JSONL", "CSV")


def map_state(check: Check, state: dict[str, Any], language: str, path: str) -> None:
    """Everything of a Map but its inner states."""
    if "ItemProcessor" in state and "Iterator" in state:
        check.add(f"{path}.Iterator", "is the old name of ItemProcessor; both can't stand together")
    if "ItemSelector" in state and "Parameters" in state:
        check.add(f"{path}.Parameters", "is the old name of ItemSelector; both can't stand together")
    expression = language == JSONATA
    check.number(state, "MaxConcurrency", path, expression=expression)
    check.number(state, "ToleratedFailureCount", path, expression=expression)
    check.number(state, "ToleratedFailurePercentage", path, most=100, whole=False, expression=expression)
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        if name in state and f"{name}Path" in state:
            check.add(f"{path}.{name}Path", f"can't stand beside {name}")
    if not _distributed(check, state, path):
        for name in sorted(DISTRIBUTED_ONLY & set(state)):
            check.add(f"{path}.{name}", f"{name} is only there for Maps in DISTRIBUTED mode")
        return
    label = state.get("Label")
    if label is not None and not (
        isinstance(label, str) and re.fullmatch(r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"/\x00-\x1f]{1,40}", label)
    ):
        check.add(f"{path}.Label", "must be 1 to 40 characters, without blanks, wildcards and brackets")
    if "ItemReader" in state:
        _reader(check, state["ItemReader"], language, f"{path}.ItemReader")
        for name in ("Items", "ItemsPath"):
            if name in state:
                check.add(f"{path}.{name}", "can't stand beside ItemReader")
    if "ItemBatcher" in state:
        _batcher(check, state["ItemBatcher"], language, f"{path}.ItemBatcher")
    if "ResultWriter" in state:
        _writer(check, state["ResultWriter"], language, f"{path}.ResultWriter")


def is_distributed(state: dict[str, Any]) -> bool:
    """Whether a state is a Map in Distributed mode."""
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED" and state.get("Type") == "Map"


def _distributed(check: Check, state: dict[str, Any], path: str) -> bool:
    processor = state.get("ItemProcessor")
    if not isinstance(processor, dict) or "ProcessorConfig" not in processor:
        return False
    config, where = processor["ProcessorConfig"], f"{path}.ItemProcessor.ProcessorConfig"
    if not check.fields(config, {"Mode", "ExecutionType"}, where):
        return False
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        check.add(f"{where}.Mode", f"must be INLINE or DISTRIBUTED, not {mode!r}")
    if mode == "DISTRIBUTED" and config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        check.add(f"{where}.ExecutionType", "must be STANDARD or EXPRESS")
    if mode == "INLINE" and "ExecutionType" in config:
        check.add(f"{where}.ExecutionType", "is only there for Maps in DISTRIBUTED mode")
    return bool(mode == "DISTRIBUTED")


def _parameters(check: Check, value: dict[str, Any], operation: str, language: str, path: str) -> None:
    """Arguments or Parameters of an S3 action, by the query language."""
    mine, other = ("Arguments", "Parameters") if language == JSONATA else ("Parameters", "Arguments")
    if other in value:
        check.add(f"{path}.{other}", f"must be {mine}, for this state is {language}")
    given = value.get(mine)
    if not isinstance(given, dict):
        if not isinstance(given, str):
            check.add(f"{path}.{mine}", "is missing")
        return
    model = service_model("s3")
    known = set(members(model.operation_model(operation).input_shape)) if model is not None else set()
    if operation == "PutObject":
        known = {"Bucket", "Prefix"}
    for name in given:
        if name.removesuffix(".$") not in known:
            check.add(f"{path}.{mine}.{name}", "is not known here")
    if "Bucket" not in given and "Bucket.$" not in given:
        check.add(f"{path}.{mine}.Bucket", "is missing")


def _reader(check: Check, reader: Any, language: str, path: str) -> None:
    if not check.fields(reader, READER_FIELDS | {"Arguments", "Parameters"}, path):
        return
    resource = reader.get("Resource")
    if resource not in (GET_OBJECT, LIST_OBJECTS):
        check.add(f"{path}.Resource", f"must be {GET_OBJECT} or {LIST_OBJECTS}, not {resource!r}")
        return
    _parameters(check, reader, "GetObject" if resource == GET_OBJECT else "ListObjectsV2", language, path)
    config, where = reader.get("ReaderConfig", {}), f"{path}.ReaderConfig"
    if not check.fields(config, READER_CONFIG_FIELDS, where):
        return
    check.number(config, "MaxItems", where, most=100_000_000, expression=language == JSONATA)
    if "MaxItemsPath" in config and language == JSONATA:
        check.add(f"{where}.MaxItemsPath", "belongs to JSONPath; MaxItems may be an expression")
    if resource == LIST_OBJECTS:
        if "InputType" in config:
            check.add(f"{where}.InputType", "belongs to getObject")
        return
    kind = config.get("InputType")
    if kind not in _TYPES:
        check.add(
            f"{where}.InputType",
            f"{kind!r} is not implemented by this executor; there are {', '.join(_TYPES)}",
        )
    _csv(check, config, where)
    if "ItemsPointer" in config and (kind != "JSON" or not str(config["ItemsPointer"]).startswith("/")):
        check.add(f"{where}.ItemsPointer", "must be a JSON pointer, such as /a/b, and belongs to JSON")


def _csv(check: Check, config: dict[str, Any], path: str) -> None:
    if config.get("InputType") != "CSV":
        for name in ("CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"):
            if name in config:
                check.add(f"{path}.{name}", "belongs to CSV")
        return
    location, headers = config.get("CSVHeaderLocation"), config.get("CSVHeaders")
    if location not in ("FIRST_ROW", "GIVEN"):
        check.add(f"{path}.CSVHeaderLocation", "must be FIRST_ROW or GIVEN")
    if (location == "GIVEN") != isinstance(headers, list):
        check.add(
            f"{path}.CSVHeaders", "is an array of names where CSVHeaderLocation is GIVEN, and only there"
        )
    if config.get("CSVDelimiter", "COMMA") not in tuple(DELIMITERS):
        check.add(f"{path}.CSVDelimiter", f"must be one of {', '.join(DELIMITERS)}")


def _batcher(check: Check, batcher: Any, language: str, path: str) -> None:
    if not check.fields(batcher, BATCHER_FIELDS, path):
        return
    expression = language == JSONATA
    check.number(batcher, "MaxItemsPerBatch", path, least=1, expression=expression)
    check.number(batcher, "MaxInputBytesPerBatch", path, least=1, most=262_144, expression=expression)
    limits = [name for name in batcher if name != "BatchInput"]
    if not limits:
        check.add(path, "needs MaxItemsPerBatch or MaxInputBytesPerBatch")
    for name in limits:
        if expression and name.endswith("Path"):
            check.add(f"{path}.{name}", "belongs to JSONPath")


def _writer(check: Check, writer: Any, language: str, path: str) -> None:
    if not check.fields(writer, WRITER_FIELDS | {"Arguments", "Parameters"}, path):
        return
    if "Resource" not in writer and "WriterConfig" not in writer:
        check.add(path, "needs WriterConfig, or Resource with its Arguments or Parameters")
    if "Resource" in writer:
        if writer["Resource"] != PUT_OBJECT:
            check.add(f"{path}.Resource", f"must be {PUT_OBJECT}, not {writer['Resource']!r}")
        _parameters(check, writer, "PutObject", language, path)
    config = writer.get("WriterConfig")
    if config is not None and check.fields(config, {"Transformation", "OutputType"}, f"{path}.WriterConfig"):
        if config.get("Transformation") not in ("NONE", "COMPACT", "FLATTEN"):
            check.add(f"{path}.WriterConfig.Transformation", "must be NONE, COMPACT or FLATTEN")
        if config.get("OutputType") not in ("JSON", "JSONL"):
            check.add(f"{path}.WriterConfig.OutputType", "must be JSON or JSONL")
