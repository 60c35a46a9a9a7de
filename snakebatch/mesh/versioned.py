"""One DynamoDB item that many write: a JSON value, changed by compare-and-swap on its version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel

from snakebatch.errors import MeshError
from snakebatch.mesh.table_reading import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ATTEMPTS = 50

V = TypeVar("V", bound=BaseModel)
T = TypeVar("T")


class VersionedItem(Generic[V]):
    """A value of one pydantic model. ``dynamodb`` is a boto3 client; the table's key is the string ``pk``."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, key: str, model: type[V]) -> None:
        self.dynamodb = dynamodb
        self.table = table
        self.key = key
        self.model = model

    def read(self) -> tuple[V, int]:
        """The value (an empty one where there is none yet) and its version."""
        return read_item(self.dynamodb, self.table, self.key, self.model)

    def change(self, change: Callable[[V], T]) -> T:
        """Apply ``change`` to the value in place, again from a fresh reading if somebody wrote meanwhile.

        Nothing is written where nothing changed. Raises MeshError where others wrote through all attempts.
        """
        for _ in range(_ATTEMPTS):
            value, version = self.read()
            before = value.model_dump_json()
            answer = change(value)
            after = value.model_dump_json()
            if after == before or self._put_unless_changed(after, version):
                return answer
        raise MeshError(
            f"the table {self.table} changed under {_ATTEMPTS} attempts: start the execution again"
        )

    def _put_unless_changed(self, text: str, version: int) -> bool:
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item={"pk": {"S": self.key}, "version": {"N": str(version + 1)}, "value": {"S": text}},
                ConditionExpression="attribute_not_exists(pk) OR version = :seen",
                ExpressionAttributeValues={":seen": {"N": str(version)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
