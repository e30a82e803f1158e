"""PromQL: its expressions, what labels and values they give, and how large they are."""
