"""pytest plugin of the rig."""
