"""What moto holds of what was deleted: nothing of it, but the latest receipts."""

from __future__ import annotations

import subprocess
import sys

from snakebatch.local import moto_memory

HELD = """
import gc, boto3
from moto import mock_aws
from snakebatch.local.moto_memory import forget_what_is_deleted

forget_what_is_deleted()
from moto.s3.models import FakeKey, FakeMultipart
from moto.sqs.models import Message

with mock_aws():
    made = dict(region_name="eu-west-3", aws_access_key_id="x", aws_secret_access_key="x")
    s3, sqs = boto3.client("s3", **made), boto3.client("sqs", **made)
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    for number in range(6):
        s3.put_object(Bucket="box", Key=f"k{number // 2}", Body=b"x")
    upload = s3.create_multipart_upload(Bucket="box", Key="m")["UploadId"]
    tag = s3.upload_part(Bucket="box", Key="m", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(
        Bucket="box", Key="m", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
    )
    assert s3.get_object(Bucket="box", Key="m")["Body"].read() == b"part"
    for key in ("k0", "k1", "m"):
        s3.delete_object(Bucket="box", Key=key)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)["Messages"]:
        for _ in "twice":
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    gc.collect()
    kinds = [type(one) for one in gc.get_objects()]
    print(*(kinds.count(kind) for kind in (FakeKey, FakeMultipart, Message)))
"""
"""In a process of its own, since moto stays changed. One object is left, written twice, and one message."""


def test_objects_uploads_and_messages_that_were_deleted_are_gone() -> None:
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (["1", "0", "1"], 0), done.stderr


def test_a_queue_knows_the_latest_receipts() -> None:
    receipts = moto_memory.LatestReceipts()
    for number in range(moto_memory.RECEIPTS_KEPT + 5):
        receipts.update([f"r{number}"])
    assert len(receipts) == moto_memory.RECEIPTS_KEPT
    assert "r4" not in receipts
    assert "r5" in receipts
