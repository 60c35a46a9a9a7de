"""The gatherer: drains the report queue, and assembles models when their leaves are all in S3."""
