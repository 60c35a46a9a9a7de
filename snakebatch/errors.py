"""Everything that SnakeBatch raises on purpose::

    SnakeBatchError
    ├── InputError                 data or parameters that cannot be trained on, or asked of a model
    ├── UnknownJobError            a job id that nothing is known of
    ├── NotReadyError              a model or receipt that its job has not made, or not yet
    ├── ModelError                 a model that cannot be read, or lacks what was asked of it
    │   └── StrippedModelError     the question needs the population, which was left out
    ├── PlanError                  a plan that can't be carried out within its limits
    ├── EngineError                a slice or a layer could not be trained
    ├── MeshError                  the pieces of a distributed training do not fit together
    │   ├── EngineMismatchError    a packet made by another version of the engine
    │   ├── FingerprintError       a job id that belongs to other data or parameters
    │   ├── BracketError           provisioned slots that can't be had, or not be switched off yet
    │   ├── ChecksumError          a message or object that is not what its checksum says
    │   └── InvariantError         a layer that breaks a guarantee of the trainer
    ├── ServiceError               the service of a mesh, as its client sees it
    │   ├── UnreachableError       it does not answer
    │   ├── KeyRefusedError        it wants a key, or another one
    │   └── JobFailedError         the training ended without a model
    ├── MissingExtraError          a package that only an extra of SnakeBatch brings is not installed
    ├── CloudError                 the embedded cloud was asked for what it does not do
    ├── AccountError               the AWS account can't be asked, or did not do what was asked
    └── BenchError                 a measurement of the bench that gave no figure

A message says what is wrong *and what to do next*. The class name is what Step Functions sees as the error
name, so a state machine can catch it.
"""

from __future__ import annotations

LONGEST_QUOTE = 60
"""Characters of a name or a cell that a message repeats."""


def shown(text: str) -> str:
    """A name or a cell as messages repeat it: quoted, on one line, and never longer than a line."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")


class SnakeBatchError(Exception):
    """Base of every error raised on purpose."""


class InputError(SnakeBatchError):
    """Data or parameters that cannot be used; the message names row, column or parameter."""


class UnknownJobError(SnakeBatchError):
    """There is no job of that id: it was deleted, or the id is wrong."""


class NotReadyError(SnakeBatchError):
    """What was asked for is not there: its job still runs, or ended without it."""


class ModelError(SnakeBatchError):
    """A model that cannot be read, or that lacks what was asked of it."""


class StrippedModelError(ModelError):
    """The question needs the population, and the model was saved without it."""


class PartialModelWarning(UserWarning):
    """A model without some of its leaves was loaded; the message says which layers lack rows."""


class PlanError(SnakeBatchError):
    """A plan that cannot be carried out within its limits; says which limit and what would fit."""


class EngineError(SnakeBatchError):
    """The licensed engine gave up on a slice, or a worker process on its layers; the message names them."""


class MeshError(SnakeBatchError):
    """The pieces of a distributed training do not fit together."""


class EngineMismatchError(MeshError):
    """A packet made by another version of the engine."""


class FingerprintError(MeshError):
    """A job id that belongs to other data or other parameters."""


class BracketError(MeshError):
    """Provisioned slots can't be had, or could not be switched off yet; says why, and what will do it."""


class ChecksumError(MeshError):
    """A message or object that is not what its checksum says."""


class InvariantError(MeshError):
    """A layer that breaks a guarantee of the trainer."""


class ServiceError(SnakeBatchError):
    """The service of a mesh failed, or can't do what it was asked; ``status`` is its HTTP status, if any."""

    status: int | None = None


class UnreachableError(ServiceError):
    """The service does not answer; the message says where it was looked for, and what to check."""


class KeyRefusedError(ServiceError):
    """The service wants a key, or another one; the message says where a key comes from."""


class JobFailedError(ServiceError):
    """A training ended without a model: it failed, took too long or was stopped."""


class MissingExtraError(SnakeBatchError, ImportError):
    """A package that only an extra of SnakeBatch brings is not installed; names the extra."""


class CloudError(SnakeBatchError):
    """The embedded cloud was asked for something that it does not do."""


class AccountError(SnakeBatchError):
    """The AWS account could not be asked, or something of it did not end as it should; says what to do."""


class BenchError(SnakeBatchError):
    """A measurement of the bench gave no figure; a table with a gap would hide it."""


def error_named(name: str, message: str) -> SnakeBatchError | None:
    """The error whose class Step Functions has seen under that name; None where it is none of ours."""
    kinds = [SnakeBatchError]
    for kind in kinds:  # grows as it is walked
        if kind.__name__ == name:
            return kind(message)
        kinds += kind.__subclasses__()
    return None
