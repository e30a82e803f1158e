"""How Alertmanager routes, inhibits and keeps times."""
