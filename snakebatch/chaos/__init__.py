"""Chaos: trainings through the embedded cloud while its services fail, by a seed that makes it all again.

``kinds`` says what may happen and ``plan`` when; ``director`` counts the moments and hands out what is due;
``wire`` (HTTP, before S3, SQS, DynamoDB, Step Functions and Lambda's control plane), ``lambdas`` and
``inside`` (invocations) do it; ``run`` trains through it, ``verdict`` judges, ``campaign`` does many.
"""
