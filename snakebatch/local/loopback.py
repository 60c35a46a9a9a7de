"""AWS on one loopback port, for single functions: S3, SQS, DynamoDB, and the slots of the shards.

    python -m snakebatch.local.loopback [--port 5000]

serves until Ctrl-C. `sam local invoke` and `events/env.json` find the bucket, the queues and the lease table
here; `datasets/data.csv`, the bundled penguins with their species in the column `y`; and `datasets/new.csv`,
the same without it.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from snakebatch.errors import CloudError
from snakebatch.files import DATA_FOLDER
from snakebatch.local import deployment
from snakebatch.local.processes import Lifeline
from snakebatch.local.services import Services

PORT = 5000
"""That of events/env.json."""
DATASET, NEW_ROWS = "datasets/data.csv", "datasets/new.csv"


def example_table() -> bytes:
    """The bundled penguins, with the target of the event files."""
    header, _, rows = (DATA_FOLDER / "penguins.csv").read_text(encoding="utf-8").partition("\n")
    names = ["y" if name == "species" else name for name in header.split(",")]
    return f"{','.join(names)}\n{rows}".encode()


def new_rows() -> bytes:
    """The same without their target, to ask a model about."""
    table = list(csv.reader(example_table().decode().splitlines()))
    target = table[0].index("y")
    lines = (",".join(row[:target] + row[target + 1 :]) for row in table)
    return "".join(f"{line}\n" for line in lines).encode()


def furnish(client: Callable[[str], Any]) -> None:
    """Make what the template would, and put the example's tables into the bucket."""
    deployment.create_bucket(client("s3"))
    deployment.create_queues(client("sqs"))
    deployment.create_lease_table(client("dynamodb"))
    for key, table in ((DATASET, example_table()), (NEW_ROWS, new_rows())):
        client("s3").put_object(Bucket=deployment.BUCKET, Key=key, Body=table)


@contextmanager
def loopback(port: int = 0) -> Iterator[Services]:
    """The services, furnished, for as long as the block; raises CloudError where the port is taken."""
    with ExitStack() as exits:
        scratch = Path(tempfile.mkdtemp(prefix="snakebatch-loopback-"))
        exits.callback(shutil.rmtree, scratch, ignore_errors=True)
        lifeline = Lifeline()
        exits.callback(lifeline.close)
        try:
            services = Services(lifeline=lifeline, log=scratch / "services.log", scratch=scratch, port=port)
        except OSError as error:
            raise CloudError(f"port {port} can't be listened on ({error.strerror}): name another") from error
        exits.callback(services.close)
        furnish(services.client)
        yield services


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; exit code 1 with one line where it can't."""
    parser = argparse.ArgumentParser(prog="python -m snakebatch.local.loopback", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--port", type=int, default=PORT, help=f"default {PORT}, that of events/env.json")
    port = parser.parse_args(arguments).port
    try:
        with loopback(port) as services:
            print(f"S3, SQS, DynamoDB and provisioned slots on {services.url} until Ctrl-C")
            print(f"the example data set: s3://{deployment.BUCKET}/{DATASET}")
            threading.Event().wait()
    except CloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
