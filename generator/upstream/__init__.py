"""How Prometheus, Alertmanager and PromQL behave, by their source and documentation."""
