"""Media between a local module and its nodes: mains and radio, with distance, noise, relays and time."""
