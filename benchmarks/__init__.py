"""Measurements: one file a question, each prints one table."""
