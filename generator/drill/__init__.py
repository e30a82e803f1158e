"""Fire drills: the rendered files on a real Prometheus and a real Alertmanager, predicted beside observed."""
