"""alertc: one incident policy, compiled into alert rules, routes and escalations, and checked."""

__version__ = "0.1.0"
