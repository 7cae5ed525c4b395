"""Puts the fixtures of our own suites within reach; the rig's fixtures come from its pytest plugin."""
