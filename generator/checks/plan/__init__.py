"""Lints of the plan, in which defaults and services are filled in."""
