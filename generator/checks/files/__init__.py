"""Verifiers: what rendered files do, against what the plan promises."""
