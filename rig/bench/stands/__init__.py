"""What surrounds a device under test in one case, one module a role, found by walking this package."""
