"""PagerDuty as the policy says: what is wanted, what is there, what is between them, and who does it.

The core is pure: `desired.read` (the rendered bodies) and `found.Found` (what PagerDuty holds) give `changes.changes`.
`remote` talks to PagerDuty, `apply` carries changes out, `keys` writes key files.
"""
