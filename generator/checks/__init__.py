"""Whatever finds fault: lints of the policy, the plan and expressions, verifiers of the files."""
