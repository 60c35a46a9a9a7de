"""A look at an item of the lease table, for who may not change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

V = TypeVar("V", bound=BaseModel)


def read_item(dynamodb: DynamoDBClient, table: str, key: str, model: type[V]) -> tuple[V, int]:
    """The item's value (an empty one where there is none yet) and its version."""
    answer = dynamodb.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True)
    item = answer.get("Item")
    if item is None:
        return model(), 0
    return model.model_validate_json(item["value"]["S"]), int(item["version"]["N"])
