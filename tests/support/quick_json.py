"""What queues and tables are asked most, done by moto's handlers without a request: see ``quick_moto``."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import HTTPException, ServiceException
from moto.dynamodb.responses import DynamoHandler
from moto.sqs.responses import SQSResponse

from tests.support.quick_answers import WRITES, Answer, Quick


def _by(kind: type, method: str, *parameters: str) -> Quick:
    """A method of a handler of moto's, with the parameters that it is known to take as over HTTP."""

    def answer(client: Any, **params: Any) -> Answer | None:
        handler: Any = kind()
        handler.params = handler.body = copy.deepcopy(params)
        handler.current_account = DEFAULT_ACCOUNT_ID
        handler.region = client.meta.region_name
        handler.uri = client.meta.endpoint_url
        handler.path = urlsplit(handler.uri).path
        handler.uri_match = {}
        try:
            with WRITES:
                result = getattr(handler, method)().result or {}
        except (ServiceException, HTTPException):
            return None  # nothing was done: to be refused in moto's own words
        return 200, {name: value for name, value in copy.deepcopy(result).items() if value is not None}

    return Quick(frozenset(parameters), answer)


OPERATIONS = {
    ("dynamodb", "GetItem"): _by(DynamoHandler, "get_item", "TableName", "Key", "ConsistentRead"),
    ("dynamodb", "PutItem"): _by(
        DynamoHandler, "put_item", "TableName", "Item", "ConditionExpression", "ExpressionAttributeValues"
    ),
    ("sqs", "CreateQueue"): _by(SQSResponse, "create_queue", "QueueName"),
    ("sqs", "SendMessage"): _by(SQSResponse, "send_message", "QueueUrl", "MessageBody"),
    ("sqs", "SendMessageBatch"): _by(SQSResponse, "send_message_batch", "QueueUrl", "Entries"),
    ("sqs", "DeleteMessage"): _by(SQSResponse, "delete_message", "QueueUrl", "ReceiptHandle"),
}
