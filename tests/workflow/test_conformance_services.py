"""Service integrations: Lambda, SQS with and without task token, AWS SDK actions, nested executions.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .asl_world import World, jsonata, jsonpath, world

TOKEN_TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Arguments": {"QueueUrl": "q", "MessageBody": {"token": "{% $states.context.Task.Token %}", "n": 1}},
}


def succeed(here: World, body: Any) -> None:
    """Answers a token at once, before SendMessage has even returned."""
    here.sfn.send_task_success(taskToken=body["token"], output='{"answer": 42}')


def fail(here: World, body: Any) -> None:
    here.sfn.send_task_failure(taskToken=body["token"], error="Mine", cause="because")


def test_lambda_invoke_gives_payload_and_metadata() -> None:
    # connect-lambda: Payload parsed as JSON, ExecutedVersion, StatusCode, SdkHttpMetadata
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    task |= {"Arguments": {"FunctionName": "f:live", "Payload": "{% $states.input %}"}}
    with world(functions={"f": lambda event: {"got": event}}) as here:
        output = here.run(jsonata(S=task), {"a": None}).output
    assert output["Payload"] == {"got": {"a": None}}
    assert (output["StatusCode"], output["ExecutedVersion"]) == (200, "7")
    assert "SdkHttpMetadata" in output


def test_a_function_arn_as_resource_gives_the_bare_result() -> None:
    # connect-lambda: "Lambda function ARN in the Resource field": input is the payload, output the result
    arn = "arn:aws:lambda:eu-west-3:123456789012:function:f"
    with world(functions={arn: lambda event: event["a"] + 1}) as here:
        ended = here.run(jsonpath(S={"Type": "Task", "Resource": arn}), {"a": 1})
    assert ended.output == 2
    assert ended.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]


def test_a_payload_that_is_no_json_is_given_as_text() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}}
    with world(functions={"f": lambda event: b"not json"}) as here:
        assert here.run(jsonata(S=task)).output["Payload"] == "not json"


def test_sqs_send_message_turns_an_object_into_text() -> None:
    # connect-sqs: MessageBody may be JSON
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
    task |= {"Arguments": {"QueueUrl": "q", "MessageBody": {"a": "{% $states.input.a %}"}}}
    with world() as here:
        output = here.run(jsonata(S=task), {"a": 1}).output
        assert here.sqs.sent == [{"QueueUrl": "q", "MessageBody": '{"a":1}'}]
    assert output["MessageId"] == "m-1"


def test_a_queue_that_is_not_there() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
    task |= {"Arguments": {"QueueUrl": "nowhere", "MessageBody": "x"}}
    with world() as here:
        assert here.run(jsonata(S=task)).error == "SQS.QueueDoesNotExistException"


def test_task_token_success_is_the_result() -> None:
    with world(on_send=succeed) as here:
        ended = here.run(jsonata(S=dict(TOKEN_TASK)))
    assert ended.output == {"answer": 42}


def test_task_token_failure_is_the_error() -> None:
    with world(on_send=fail) as here:
        ended = here.run(jsonata(S=dict(TOKEN_TASK)))
    assert (ended.error, ended.cause) == ("Mine", "because")


def test_a_token_waits_as_long_as_it_takes_and_history_says_submitted() -> None:
    with world() as here:
        arn = here.start(jsonata(S=dict(TOKEN_TASK)))
        here.clock.sleep(86_400 * 300)  # connect-wait-token: up to a year
        assert here.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
        token = json.loads(here.sqs.sent[0]["MessageBody"])["token"]
        here.sfn.send_task_success(taskToken=token, output="1")
        ended = here.finish(arn)
    assert ended.output == 1
    assert ended.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_heartbeats_keep_a_task_alive_and_their_absence_ends_it() -> None:
    # state-task: HeartbeatSeconds; a heartbeat that stays out is States.Timeout, also caught as
    # States.HeartbeatTimeout
    task = TOKEN_TASK | {
        "HeartbeatSeconds": 60,
        "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}],
    }
    with world() as here:
        with here.clock.holding():
            arn = here.start(jsonata(S=task, C={"Type": "Pass"}))
            here.clock.sleep(50)
            token = json.loads(here.sqs.sent[0]["MessageBody"])["token"]
            here.sfn.send_task_heartbeat(taskToken=token)
            here.clock.sleep(50)
            assert here.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
        ended = here.finish(arn)
        with pytest.raises(ClientError, match="TaskTimedOut"):
            here.sfn.send_task_heartbeat(taskToken=token)
    assert ended.seconds == 110
    assert ended.output["Error"] == "States.Timeout"


def test_timeout_bounds_a_token_whatever_the_heartbeats() -> None:
    task = TOKEN_TASK | {"HeartbeatSeconds": 60, "TimeoutSeconds": 90}
    with world() as here:
        with here.clock.holding():
            arn = here.start(jsonata(S=task))
            here.clock.sleep(50)
            here.sfn.send_task_heartbeat(taskToken=json.loads(here.sqs.sent[0]["MessageBody"])["token"])
        ended = here.finish(arn)
    assert (ended.error, ended.seconds) == ("States.Timeout", 90)


def test_tokens_are_checked() -> None:
    # API SendTaskSuccess: InvalidToken, InvalidOutput, TaskTimedOut
    with world(on_send=succeed) as here:
        here.run(jsonata(S=dict(TOKEN_TASK)))
        used = json.loads(here.sqs.sent[0]["MessageBody"])["token"]
        for token, output, code in [
            ("nope", "1", "InvalidToken"),
            (used, "{", "InvalidOutput"),
            (used, "NaN", "InvalidOutput"),
            (used, "1", "TaskTimedOut"),
        ]:
            with pytest.raises(ClientError) as caught:
                here.sfn.send_task_success(taskToken=token, output=output)
            assert caught.value.response["Error"]["Code"] == code


def sdk(service: str, action: str, **arguments: Any) -> dict[str, Any]:
    """A Task over an AWS SDK integration."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:{service}:{action}",
        "Arguments": arguments,
    }


def test_sdk_results_are_pascal_case_with_bodies_as_text() -> None:
    put = sdk("s3", "putObject", Bucket="bucket", Key="k", Body="{% $states.input %}")
    get = sdk("s3", "getObject", Bucket="bucket", Key="k")
    with world() as here:
        ended = here.run(jsonata(S=put | {"Next": "G"}, G=get), {"a": 1})
        assert here.s3.objects["bucket/k"] == b'{"a":1}'
    assert ended.output == {"Body": '{"a":1}', "ContentLength": 7}


SDK_ERRORS = [
    # "the name of the SDK's exception class": it ends in Exception, and the service is spelled as in the
    # Java SDK
    (sdk("s3", "getObject", Bucket="bucket", Key="zz"), "S3.NoSuchKeyException"),
    (sdk("s3", "getObject", Bucket="none", Key="zz"), "S3.NoSuchBucketException"),
    (sdk("s3", "headObject", Bucket="bucket", Key="zz"), "S3.NoSuchKeyException"),
    (
        sdk(
            "dynamodb",
            "putItem",
            TableName="t",
            Item={"pk": {"S": "1"}},
            ConditionExpression="attribute_not_exists(pk)",
        ),
        "DynamoDb.ConditionalCheckFailedException",
    ),
    (sdk("sqs", "sendMessage", QueueUrl="nowhere", MessageBody="x"), "Sqs.QueueDoesNotExistException"),
    (
        sdk("sfn", "describeExecution", ExecutionArn="arn:aws:states:eu-west-3:1:execution:a:b"),
        "Sfn.ExecutionDoesNotExistException",
    ),
]


@pytest.mark.parametrize(
    ("task", "error"), SDK_ERRORS, ids=[f"{task['Resource'][25:]}-{name}" for task, name in SDK_ERRORS]
)
def test_sdk_error_names(task: dict[str, Any], error: str) -> None:
    with world() as here:
        here.dynamodb.items["1"] = {}
        ended = here.run(jsonata(S=dict(task)))
    assert ended.error == error


def test_sdk_lambda_names_its_throttle_as_the_optimised_integration_does() -> None:
    from .asl_world import client_error
    from .test_conformance_errors import lambda_raising

    with world(
        clients={"lambda": lambda_raising(client_error("TooManyRequestsException", "slow", 429))}
    ) as here:
        assert (
            here.run(jsonata(S=sdk("lambda", "invoke", FunctionName="f"))).error
            == "Lambda.TooManyRequestsException"
        )


def child(here: World, **states: Any) -> str:
    return here.create(jsonata(**states), name="child")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("", {"ExecutionArn", "StartDate"}), (".sync:2", {"x": 2}), (".sync", '{"x":2}')],
    ids=["fire", "sync-2", "sync"],
)
def test_nested_executions(pattern: str, expected: Any) -> None:
    # connect-stepfunctions: .sync gives Output as text, .sync:2 as JSON
    task = {"Type": "Task", "Resource": f"arn:aws:states:::states:startExecution{pattern}"}
    with world() as here:
        arn = child(here, S={"Type": "Wait", "Seconds": 30, "Output": {"x": "{% $states.input.x + 1 %}"}})
        ended = here.run(jsonata(S=task | {"Arguments": {"StateMachineArn": arn, "Input": {"x": 1}}}))
    if not pattern:
        assert set(ended.output) == expected
        assert ended.seconds == 0
    else:
        assert ended.output["Output"] == expected
        assert ended.seconds == 30


def test_a_nested_execution_that_fails_fails_its_task() -> None:
    # connect-stepfunctions: "States.TaskFailed" with the execution as its cause
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}
    with world() as here:
        arn = child(here, S={"Type": "Fail", "Error": "Mine", "Cause": "c"})
        ended = here.run(jsonata(S=task | {"Arguments": {"StateMachineArn": arn}}))
    assert ended.error == "States.TaskFailed"
    assert json.loads(str(ended.cause))["Error"] == "Mine"


def test_a_real_lambda_style_stream_is_read_once_in_a_worker_thread() -> None:
    # A thousand items over slow functions take simulated, not real time: 25 rounds of 40, 0.7 s each.
    from .asl_maps import mapping

    holder: list[World] = []

    def function(event: Any) -> Any:
        holder[0].clock.sleep(0.7)
        return event

    with world(functions={"f": function}) as here:
        holder.append(here)
        ended = here.run(mapping(MaxConcurrency=40), list(range(1000)))
        assert here.lambda_.most_running == 40
    assert ended.seconds == pytest.approx(17.5)
    assert ended.output == list(range(1000))
