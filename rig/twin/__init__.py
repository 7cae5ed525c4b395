"""The emulated side: physics, devices, wires, faults, defects."""
