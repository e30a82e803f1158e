"""How fast alertc is beside the programs that it calls and the tools that people use without it: `make bench`."""
