"""Lints of the plan: what the policy means."""
