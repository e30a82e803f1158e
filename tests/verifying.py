"""Breaks rendered files in tests, and writes down what the verifiers say as a user reads it."""

import tempfile
from dataclasses import replace
from pathlib import Path

from generator import pipeline
from generator.behaviour import readings
from generator.checks import verify
from generator.diagnostics import formats
from generator.policy import source
from generator.system import programs
from generator.system.artifact import Artifact
from tests import compiling
from tests.compiling import SMALL, edited

# P3 has a channel of its own: one for each kind of route.
POLICY = edited(
    SMALL,
    ("notify: [room]", "notify: [notices]"),
    ("  room: {", '  notices: {slack: "#notices", audience: internal}\n  room: {'),
)

Edit = tuple[str, str, str]
"""A path in `out/`, and what to replace by what there, once."""


def compiled(policy: str = POLICY) -> pipeline.Compiled:
    return compiling.compiled(policy)


def broken(artifacts: tuple[Artifact, ...], *edits: Edit) -> tuple[Artifact, ...]:
    """Return the files with each edit made; text that is not there is a mistake of the test."""
    for path, before, after in edits:
        assert any(before in one.text for one in artifacts if one.path == path), f"not in {path}: {before!r}"
        artifacts = tuple(
            replace(one, text=one.text.replace(before, after, 1)) if one.path == path else one for one in artifacts
        )
    return artifacts


def verified(*edits: Edit, policy: str = POLICY, tests: str = "") -> str:
    """Return what a user reads of the policy's files, rendered and then edited; the empty text where all is well.

    Of the unit tests, only the files that begin with `tests` are there.
    """
    made = compiled(policy)
    folder_of_tests = "prometheus/tests/"
    artifacts = tuple(
        one
        for one in broken(made.artifacts, *edits)
        if one.path.startswith(folder_of_tests + tests) or not one.path.startswith(folder_of_tests)
    )
    with tempfile.TemporaryDirectory() as folder:
        for artifact in artifacts:
            path = Path(folder, artifact.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")
        with programs.Runs() as runs:
            found = verify.verify(made.plan, artifacts, Path(folder), {}, readings.empty(), runs)
    raw = policy.encode()
    shown = {"policy.yaml": raw, **{f"out/{one.path}": one.text.encode() for one in artifacts}}
    return formats.to_text(formats.place(found, source.read(raw, "policy.yaml")), shown)


def text_of(path: str, policy: str = POLICY) -> str:
    return next(one.text for one in compiled(policy).artifacts if one.path == path)
