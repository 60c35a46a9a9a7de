"""AWS Lambda on this machine: a capped pool of handler processes behind boto3's ``invoke``."""

from snakebatch.local.lambdas.functions import Function
from snakebatch.local.lambdas.pool import PRELOAD, LambdaPool

__all__ = ["PRELOAD", "Function", "LambdaPool"]
