"""The paper's interfaces and links as one table."""
