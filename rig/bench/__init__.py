"""Inventory, binding, interlock, watchdog, bring-up."""
