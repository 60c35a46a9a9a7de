"""Which fields a state may have, in each query language; a field not listed here is refused.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html and the page of each state
type
"""

from __future__ import annotations

from .machine import JSONATA, JSONPATH

_COMMON = {"Type", "Comment", "QueryLanguage"}
_ON = {"Next", "End"}
_TRY = {"Retry", "Catch"}
_JSONPATH_IO = {"InputPath", "OutputPath"}
_JSONPATH_RESULT = _JSONPATH_IO | {"Parameters", "ResultSelector", "ResultPath", "Assign"}
_MAP = {
    "ItemProcessor", "ItemReader", "ItemSelector", "ItemBatcher", "ResultWriter", "Label", "MaxConcurrency",
    "ToleratedFailureCount", "ToleratedFailurePercentage",
}  # fmt: skip

STATE_FIELDS: dict[str, dict[str, set[str]]] = {
    JSONATA: {
        "Task": _COMMON
        | _ON
        | _TRY
        | {"Resource", "Arguments", "Output", "Assign", "TimeoutSeconds", "HeartbeatSeconds"},
        "Pass": _COMMON | _ON | {"Output", "Assign"},
        "Wait": _COMMON | _ON | {"Seconds", "Timestamp", "Output", "Assign"},
        "Choice": _COMMON | {"Choices", "Default", "Output", "Assign"},
        "Succeed": _COMMON | {"Output"},
        "Fail": _COMMON | {"Error", "Cause"},
        "Parallel": _COMMON | _ON | _TRY | {"Branches", "Arguments", "Output", "Assign"},
        "Map": _COMMON | _ON | _TRY | _MAP | {"Items", "Output", "Assign"},
    },
    JSONPATH: {
        "Task": _COMMON
        | _ON
        | _TRY
        | _JSONPATH_RESULT
        | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
        "Pass": _COMMON | _ON | _JSONPATH_IO | {"Parameters", "Result", "ResultPath", "Assign"},
        "Wait": _COMMON
        | _ON
        | _JSONPATH_IO
        | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Assign"},
        "Choice": _COMMON | _JSONPATH_IO | {"Choices", "Default", "Assign"},
        "Succeed": _COMMON | _JSONPATH_IO,
        "Fail": _COMMON | {"Error", "ErrorPath", "Cause", "CausePath"},
        "Parallel": _COMMON | _ON | _TRY | _JSONPATH_RESULT | {"Branches"},
        "Map": _COMMON
        | _ON
        | _TRY
        | _MAP
        | _JSONPATH_RESULT
        | {
            "ItemsPath",
            "Iterator",
            "MaxConcurrencyPath",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentagePath",
        },
    },
}

STATE_TYPES = frozenset(STATE_FIELDS[JSONATA])

REQUIRED: dict[str, set[str]] = {
    "Task": {"Resource"}, "Choice": {"Choices"}, "Parallel": {"Branches"},
}  # fmt: skip

DISTRIBUTED_ONLY = frozenset(
    {
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "Label",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    }
)

TOP_FIELDS = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
BRANCH_FIELDS = frozenset({"Comment", "StartAt", "States"})
PROCESSOR_FIELDS = BRANCH_FIELDS | {"ProcessorConfig"}
RETRIER_FIELDS = frozenset(
    {
        "Comment",
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
    }
)
CATCHER_FIELDS = {
    JSONATA: frozenset({"Comment", "ErrorEquals", "Next", "Output", "Assign"}),
    JSONPATH: frozenset({"Comment", "ErrorEquals", "Next", "ResultPath", "Assign"}),
}
READER_FIELDS = frozenset({"Resource", "ReaderConfig"})
READER_CONFIG_FIELDS = frozenset(
    {
        "InputType",
        "MaxItems",
        "MaxItemsPath",
        "ItemsPointer",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
    }
)
BATCHER_FIELDS = frozenset(
    {
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
        "BatchInput",
    }
)
WRITER_FIELDS = frozenset({"Resource", "WriterConfig"})
