"""Lints of the policy: what the author wrote."""
