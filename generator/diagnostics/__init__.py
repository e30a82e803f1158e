"""Findings and how they are said: as text, JSON and workflow annotations."""
