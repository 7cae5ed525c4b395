"""HTTP API of the command center: schemas, and one module a group of paths."""
