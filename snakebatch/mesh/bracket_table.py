"""The open brackets in DynamoDB: one item of the lease table, beside the leases'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snakebatch.mesh.bracket_records import ITEM, Brackets
from snakebatch.mesh.versioned import VersionedItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class BracketTable:
    """Reads and changes the records; ``item.change`` is by compare-and-swap."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self.item = VersionedItem(dynamodb, table, ITEM, Brackets)

    def read(self) -> Brackets:
        """All records."""
        return self.item.read()[0]
