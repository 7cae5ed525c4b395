"""Limits as records with provenance, one table a standard."""
