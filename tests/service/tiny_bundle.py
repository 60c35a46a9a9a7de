"""The smallest thing that the embedded cloud can deploy: it tells of itself, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

SHARD = """
import os, boto3
s3 = boto3.client("s3")
def handler(event, context):
    if event.get("hang"):
        with open(event["hang"], "w") as pipe:
            pipe.write(f"{os.getpid()} {os.getppid()}\\n")
            pipe.flush()
            __import__("threading").Event().wait()
    s3.put_object(Bucket=os.environ["JOBS_BUCKET"], Key=f"seen/{context.function_name}", Body=b"x")
    return {"function": context.function_name, "variables": dict(os.environ)}
"""

ROLE = """
import boto3
boto3.client("stepfunctions").list_executions  # a client can be made
def handler(event, context):
    return context.function_name
"""

GATHERER = """
import os, signal, threading, boto3
asked = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: asked.set())
machines = boto3.client("stepfunctions").list_state_machines()["stateMachines"]
queue = os.environ["REPORTS_QUEUE_URL"]
boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=f"{os.getpid()} sees {machines[0]['name']}")
print("gathering", flush=True)
asked.wait()
print("stopping", flush=True)
"""

DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "Stage",
    "States": {
        "Stage": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${StageFunctionArn}", "Payload": {}},
            "Output": {"given": "{% $states.input %}", "stage": "{% $states.result.Payload %}"},
            "Next": "Shard",
        },
        "Shard": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${ShardPrefix}-42:live", "Payload": "{% $states.input.given %}"},
            "Output": {
                "stage": "{% $states.input.stage %}",
                "shard": "{% $states.result.Payload.function %}",
                "bucket": "${JobsBucket}",
            },
            "End": True,
        },
    },
}


def write_bundle(folder: Path) -> Path:
    """Write it into a folder, and return that."""
    (folder / "statemachine").mkdir(parents=True)
    (folder / "statemachine/train.asl.json").write_text(json.dumps(DEFINITION))
    for role, source in {
        "shard": SHARD,
        **dict.fromkeys(("stage", "wave", "bracket", "settle"), ROLE),
    }.items():
        (folder / "functions" / role).mkdir(parents=True)
        (folder / "functions" / role / "app.py").write_text(source)
    (folder / "gatherer").mkdir()
    (folder / "gatherer/__init__.py").write_text("")
    (folder / "gatherer/__main__.py").write_text(GATHERER)
    return folder
