"""Compiles policies in tests, and writes findings down as a user reads them."""

from functools import lru_cache
from pathlib import Path

from generator import pipeline
from generator.behaviour import documents
from generator.behaviour.behaviour import Behaviour, behave
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import source
from generator.system.artifact import Artifact
from generator.targets.render import Templates

ROOT = Path(__file__).parent.parent
SMALL = (ROOT / "tests/policies/small.yaml").read_text(encoding="utf-8")
EXCHANGE = (ROOT / "policy/exchange.yaml").read_text(encoding="utf-8")


def compiled(text: str, templates: Path | None = None) -> pipeline.Compiled:
    return _compiled(text) if templates is None else anew(text, templates)


@lru_cache(maxsize=32)
def _compiled(text: str) -> pipeline.Compiled:
    """Return a policy with the packaged templates, compiled once: many tests begin with the same, none changes it."""
    return anew(text)


def anew(text: str, templates: Path | None = None) -> pipeline.Compiled:
    """Return a policy compiled now, for whoever changes the day or the machine."""
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
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, read) if read else refused.diagnostics
        return formats.to_text(findings, {"policy.yaml": raw}) + "\n" + formats.summary(findings) + "\n"
    raise AssertionError("the policy compiles")


def said(text: str, *codes: str) -> str:
    """Return what a user reads of a policy's findings with these codes, or of all where there are none."""
    read = source.read(text.encode(), "policy.yaml")
    try:
        findings = compiled(text).diagnostics
    except PolicyErrors as refused:
        findings = refused.diagnostics
    wanted = [finding for finding in formats.place(findings, read) if not codes or finding.code in codes]
    return formats.to_text(wanted, {"policy.yaml": text.encode()})


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Return the policy with each `before` replaced by `after`; a `before` that is not there once is a mistake."""
    for before, after in edits:
        assert text.count(before) == 1, f"{text.count(before)} times in the policy: {before!r}"
        text = text.replace(before, after)
    return text
