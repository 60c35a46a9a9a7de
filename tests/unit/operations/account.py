"""What moto's Lambda lacks: provisioned concurrency, and the account's settings."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

FUNCTION = "arn:aws:lambda:eu-west-3:123456789012:function:"


class FakeLambda:
    """A Lambda client with slots and limits; everything else is moto's."""

    def __init__(self, moto: Any) -> None:
        self.moto = moto
        self.slots: dict[tuple[str, str], int] = {}
        self.limit = 1000
        self.unreserved = 1000
        self.code_bytes = 1_000_000

    def __getattr__(self, name: str) -> Any:
        return getattr(self.moto, name)

    def get_account_settings(self) -> dict[str, Any]:
        """As Lambda's model has it."""
        return {
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800,
                "ConcurrentExecutions": self.limit,
                "UnreservedConcurrentExecutions": self.unreserved,
            },
            "AccountUsage": {"TotalCodeSize": self.code_bytes, "FunctionCount": 3},
        }

    def list_provisioned_concurrency_configs(self, FunctionName: str) -> dict[str, Any]:
        """The slots of every alias of one function."""
        self.moto.get_function(FunctionName=FunctionName)
        return {
            "ProvisionedConcurrencyConfigs": [
                {
                    "FunctionArn": f"{FUNCTION}{name}:{qualifier}",
                    "RequestedProvisionedConcurrentExecutions": count,
                }
                for (name, qualifier), count in self.slots.items()
                if name == FunctionName
            ]
        }

    def delete_provisioned_concurrency_config(self, FunctionName: str, Qualifier: str) -> None:
        """Raises as Lambda does where there is none."""
        if self.slots.pop((FunctionName, Qualifier), None) is None:
            raise ClientError(
                {"Error": {"Code": "ProvisionedConcurrencyConfigNotFoundException", "Message": "none"}},
                "DeleteProvisionedConcurrencyConfig",
            )
