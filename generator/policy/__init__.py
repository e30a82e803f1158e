"""The policy file: from YAML to `Policy`, one to one with its schema."""
