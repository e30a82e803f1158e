"""How other programs behave, by their source and documentation."""
