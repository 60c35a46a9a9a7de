"""What to do about a run that failed: for each error that the workflow may end with, the next step."""

from __future__ import annotations

_ADVICE = {
    "InputError": "The data or a parameter can't be used: mend what the cause names, and start again.",
    "PlanError": "The plan breaks a limit that you set: raise max_usd, or train fewer layers or rows.",
    "ModelError": "The model can't be read or lacks what was asked: train it again, or ask another mode.",
    "StrippedModelError": "This question needs the population: ask the whole model, not the stripped one.",
    "FingerprintError": "This job's name belongs to other data or parameters: leave the job field empty, or "
    "choose another name.",
    "EngineMismatchError": "Shards of another version answered: deploy all of the stack, then start again.",
    "BracketError": "The provisioned slots can't be had: ask for fewer, or for none.",
    "ChecksumError": "An object in S3 is damaged: start again; if it happens twice, delete the job first.",
    "InvariantError": "A layer broke a guarantee of the trainer: this is a fault of ours; keep the job, and "
    "report it with the cause.",
    "States.Timeout": "A step took longer than it may: use a smaller tau, or fewer rows a job.",
    "States.HeartbeatTimeout": "The gatherer was silent for too long: look at its health, then start again.",
    "Lambda.TooManyRequestsException": "The account's concurrency was used up: wait for other work to end, "
    "or lower max_share.",
    "States.ExceedToleratedFailureThreshold": "Packets failed on their shards: the failures below say why.",
}
_OTHERWISE = "The cause and the states' output say what happened; the functions' logs have the whole story."
_STOPPED = "Somebody stopped it: start it again under the same job name, and finished packets are kept."


def advice(error: str | None, status: str) -> str:
    """The next step after ``error``, in one or two sentences."""
    if status == "ABORTED":
        return _STOPPED
    if status == "TIMED_OUT":
        return _ADVICE["States.Timeout"]
    return _ADVICE.get(error or "", _OTHERWISE)
