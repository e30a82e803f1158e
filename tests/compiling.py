"""Compiles policies in tests, and writes findings down as a user reads them."""

from pathlib import Path

from generator import documents, pipeline, report, source
from generator.artifact import Artifact
from generator.behaviour import Behaviour, behave
from generator.diagnostics import Refused
from generator.render import Templates

ROOT = Path(__file__).parent.parent
SMALL = (ROOT / "tests/policies/small.yaml").read_text(encoding="utf-8")
EXCHANGE = (ROOT / "policy/exchange.yaml").read_text(encoding="utf-8")


def compiled(text: str, templates: Path | None = None) -> pipeline.Compiled:
    return pipeline.compile(source.read(text.encode(), "policy.yaml"), Templates(templates), "policy.yaml")


def read_back(artifacts: tuple[Artifact, ...]) -> Behaviour:
    return behave(documents.read(artifacts), artifacts)


def files(text: str) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in compiled(text).artifacts}


def refusal(text: str) -> str:
    """Return what a user reads when the policy is refused; fails where it is not."""
    raw, read = text.encode(), None
    try:
        read = source.read(raw, "policy.yaml")
        pipeline.compile(read, Templates(None), "policy.yaml")
    except Refused as refused:
        findings = report.place(refused.diagnostics, read) if read else refused.diagnostics
        return report.to_text(findings, {"policy.yaml": raw}) + "\n" + report.summary(findings) + "\n"
    raise AssertionError("the policy compiles")


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Return the policy with each `before` replaced by `after`; a `before` that is not there once is a mistake."""
    for before, after in edits:
        assert text.count(before) == 1, f"{text.count(before)} times in the policy: {before!r}"
        text = text.replace(before, after)
    return text
