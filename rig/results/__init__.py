"""Verdict records, the store that survives a kill, evidence by hash."""
