"""Which objects may be read as data sets and as models: the list that the deployment allows.

IAM has the last word on AWS. This is the first one, everywhere: what lies elsewhere is refused before it is
read, by a message that says what to do, and the same on a laptop as in an account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from snakebatch.errors import InputError, shown
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JOBS

DATASETS = "datasets/"
MODELS = "models/"
_READABLE_MODELS = (MODELS, JOBS)
_BATCHES = "predictions/"
"""Where clients put rows that are too many for an execution's input."""

_ANY_PARTITION = re.compile(r"arn:aws[a-z-]*:s3:::")


@dataclass(frozen=True)
class Places:
    """The jobs bucket, and ``others``: ARNs of objects of other buckets, with IAM's ``*`` and ``?``.

    None for ``others`` means that it is not known here: who reads the object refuses it.
    """

    objects: Objects
    others: tuple[str, ...] | None = ()

    def check_dataset(self, uri: str) -> None:
        """Raise InputError unless a training may read it."""
        self._check(uri, "dataset", (DATASETS,))

    def check_batch(self, uri: str) -> None:
        """Raise InputError unless a prediction may read it as a file of rows."""
        self._check(uri, "data", (DATASETS, _BATCHES))

    def check_model(self, uri: str) -> None:
        """Raise InputError unless it is where models of the jobs bucket are."""
        home = self.objects.uri("")
        if not uri.startswith(home):
            raise InputError(
                f"model: {shown(uri)} is not in the jobs bucket: copy it to {home}{MODELS} and name that"
            )
        key = uri.removeprefix(home)
        if not (key.startswith(_READABLE_MODELS) and key.endswith(".json")):
            raise InputError(
                f"model: {shown(uri)} is no model: name a model.json of a job, or one under {home}{MODELS}"
            )

    def _check(self, uri: str, field: str, folders: tuple[str, ...]) -> None:
        home = self.objects.uri("")
        if uri.startswith(home):
            # What else lies in the bucket is no data: a message could quote what it holds.
            if not uri.removeprefix(home).startswith(folders):
                raise InputError(
                    f"{field}: {shown(uri)} is no data set: name one under {self.objects.uri(DATASETS)}"
                )
        elif self.others is not None and not any(_covers(arn, uri) for arn in self.others):
            raise InputError(
                f"{field}: {shown(uri)} is not where data sets may be read from: copy it to "
                f"{self.objects.uri(DATASETS)}, or name it in the deployment's DatasetObjects"
            )


def _covers(arn: str, uri: str) -> bool:
    """Whether IAM's pattern of an object's ARN covers the object: ``*`` and ``?`` stand for a slash too."""
    pattern = _ANY_PARTITION.sub("", arn, count=1)
    wild = "".join({"*": ".*", "?": "."}.get(mark, re.escape(mark)) for mark in pattern)
    return re.fullmatch(wild, uri.removeprefix("s3://"), re.DOTALL) is not None
