"""Lints of single expressions."""
