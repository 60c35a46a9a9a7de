"""What the roles of template.yaml allow, and what IAM calls the calls of the library."""

from __future__ import annotations

import fnmatch

from tests.support.template import statements

ACTIONS = {
    ("s3", "get_object"): "s3:GetObject",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "put_object"): "s3:PutObject",
    ("s3", "delete_object"): "s3:DeleteObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
    ("s3", "create_multipart_upload"): "s3:PutObject",
    ("s3", "upload_part"): "s3:PutObject",
    ("s3", "complete_multipart_upload"): "s3:PutObject",
    ("s3", "abort_multipart_upload"): "s3:AbortMultipartUpload",
    ("sqs", "receive_message"): "sqs:ReceiveMessage",
    ("sqs", "delete_message_batch"): "sqs:DeleteMessage",
    ("sqs", "send_message"): "sqs:SendMessage",
    ("sqs", "send_message_batch"): "sqs:SendMessage",
    ("dynamodb", "get_item"): "dynamodb:GetItem",
    ("dynamodb", "put_item"): "dynamodb:PutItem",
    ("lambda", "put_provisioned_concurrency_config"): "lambda:PutProvisionedConcurrencyConfig",
    ("lambda", "get_provisioned_concurrency_config"): "lambda:GetProvisionedConcurrencyConfig",
    ("lambda", "delete_provisioned_concurrency_config"): "lambda:DeleteProvisionedConcurrencyConfig",
    ("lambda", "list_provisioned_concurrency_configs"): "lambda:ListProvisionedConcurrencyConfigs",
    ("states", "describe_execution"): "states:DescribeExecution",
    ("states", "send_task_success"): "states:SendTaskSuccess",
    ("states", "send_task_failure"): "states:SendTaskFailure",
    ("states", "send_task_heartbeat"): "states:SendTaskHeartbeat",
}
"""What IAM calls each call of the library; one that is not here fails the test until it is looked up."""


def granted(role: str) -> set[str]:
    return {action for statement in statements(role) for action in statement["actions"]}


def may(role: str, action: str, resource: str) -> bool:
    return any(
        action in statement["actions"]
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement["resources"])
        for statement in statements(role)
    )
