"""One file per command: what it does, over the pure core."""
