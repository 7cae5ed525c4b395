"""Error, uncertainty, classes, load points, decision rules: pure mathematics."""
