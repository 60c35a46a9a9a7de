"""What the roles of template.yaml allow, and what IAM calls the calls of the library."""

from __future__ import annotations

import fnmatch

from tests.support.template import statements

ACTIONS = {
    ("s3", "get_object"): "s3:GetObject",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "put_object"): "s3:PutObject",
    ("s3", "delete_object"): "s3:DeleteObject",
    ("s3", "delete_objects"): "s3:DeleteObject",
    ("s3", "list_objects_v2"): "s3:ListBucket",
    ("s3", "create_multipart_upload"): "s3:PutObject",
    ("s3", "upload_part"): "s3:PutObject",
    ("s3", "upload_part_copy"): "s3:PutObject",  # and s3:GetObject of what is copied
    ("s3", "complete_multipart_upload"): "s3:PutObject",
    ("s3", "abort_multipart_upload"): "s3:AbortMultipartUpload",
    ("s3", "list_parts"): "s3:ListMultipartUploadParts",
    ("s3", "copy_object"): "s3:PutObject",  # and s3:GetObject of what is copied
    ("s3", "generate_presigned_url"): "s3:GetObject",  # whoever follows the link has our right
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
    ("lambda", "get_function_concurrency"): "lambda:GetFunctionConcurrency",
    ("lambda", "get_account_settings"): "lambda:GetAccountSettings",
    ("cloudwatch", "get_metric_data"): "cloudwatch:GetMetricData",
    ("states", "describe_execution"): "states:DescribeExecution",
    ("states", "describe_map_run"): "states:DescribeMapRun",
    ("states", "describe_state_machine"): "states:DescribeStateMachine",
    ("states", "describe_state_machine_for_execution"): "states:DescribeStateMachineForExecution",
    ("states", "get_execution_history"): "states:GetExecutionHistory",
    ("states", "list_executions"): "states:ListExecutions",
    ("states", "list_map_runs"): "states:ListMapRuns",
    ("states", "start_execution"): "states:StartExecution",
    ("states", "start_sync_execution"): "states:StartSyncExecution",
    ("states", "stop_execution"): "states:StopExecution",
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
