"""What ``snakebatch train`` says when it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from snakebatch.cli_model import Score, score_training
from snakebatch.cli_progress import Watch

SHORTEST_SHOWN = 0.05
"""Seconds under which a state is counted among the others."""


@dataclass(frozen=True)
class Summary:
    """One finished training; ``output`` is what the execution gave back."""

    output: dict[str, Any]
    model: Path
    score: Score
    seconds: float
    seconds_by_state: dict[str, float]
    waves: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Everything, with plain types."""
        names = ("status", "job", "fingerprint", "seed", "rows_read", "rows", "duplicates", "contradictions")
        return {
            **{name: self.output[name] for name in names if name in self.output},
            **{name: self.output[name] for name in ("layers", "leaves", "buckets")},
            "model": str(self.model),
            "training": asdict(self.score),
            "seconds": round(self.seconds, 3),
            "seconds_by_state": {state: round(spent, 3) for state, spent in self.seconds_by_state.items()},
            "waves": self.waves,
            "warnings": self.warnings,
            **{name: self.output[name] for name in ("usd", "against_plan", "reused") if name in self.output},
        }

    @property
    def warnings(self) -> list[str]:
        return list(self.output.get("warnings", []))

    def as_text(self) -> str:
        """The lines for a reader."""
        dropped = f"{self.output['rows']:,} ({self.output['duplicates']:,} duplicates dropped"
        if self.output["contradictions"]:
            dropped += f", {self.output['contradictions']:,} of them with another target"
        lines = [
            ("rows", f"{dropped})"),
            ("layers", f"{self.output['layers']:,}"),
            ("leaves", f"{self.output['leaves']:,}"),
            ("buckets", f"{self.output['buckets']:,}"),
            ("training", str(self.score)),
            ("seed", str(self.output["seed"])),
            ("wall time", f"{self.seconds:.1f} s: {self._states()}"),
            *self._reused(),
            *self._receipt(),
            ("model", str(self.model)),
        ]
        return "\n".join(
            [f"{name:<10} {value}" for name, value in lines] + [f"warning: {text}" for text in self.warnings]
        )

    def _reused(self) -> list[tuple[str, str]]:
        """What an earlier run of the job had done already."""
        reused = self.output.get("reused")
        return [("reused", reused_line(reused))] if reused and reused["packets"] else []

    def _receipt(self) -> list[tuple[str, str]]:
        """What the run would cost on AWS, against what was planned."""
        taken = self.output.get("against_plan")
        if taken is None:
            return []
        usd, seconds = taken["usd"], taken["seconds"]
        planned = f"planned ${usd['planned']:.4f} and {seconds['planned']:.0f} s there"
        kinds = [f"{kind} ${spent:.4f}" for kind, spent in taken["usd_by_kind"].items() if spent >= 0.00005]
        return [("on AWS", f"${usd['actual']:.4f} ({', '.join(kinds)}); {planned}")]

    def _states(self) -> str:
        shown = {state: spent for state, spent in self.seconds_by_state.items() if spent >= SHORTEST_SHOWN}
        others = self.seconds - sum(shown.values())
        parts = [f"{state} {spent:.1f}" for state, spent in shown.items()]
        return ", ".join([*parts, f"start, stop and others {others:.1f}"])


def reused_line(reused: dict[str, Any]) -> str:
    """A receipt's ``reused`` in words."""
    return (
        f"{reused['packets']:,} packets and {reused['leaves']:,} leaves of an earlier run "
        f"({reused['whole_layers']:,} whole layers): {reused['seconds']:.1f} s of shards "
        f"and ${reused['usd']:.4f} saved"
    )


def summarize(output: dict[str, Any], watch: Watch, model: Path, seconds: float) -> Summary:
    """Ask the model about its own rows, and put the numbers together."""
    waves = [
        {"state": wave.state, "wave": wave.number, "packets": wave.total, "seconds": round(wave.seconds, 3)}
        for wave in watch.waves
    ]
    return Summary(output, model, score_training(model), seconds, watch.seconds_by_state, waves)
