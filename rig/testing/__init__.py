"""pytest plugin, Robot library, assertions, prove."""
