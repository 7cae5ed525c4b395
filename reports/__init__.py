"""Reports rendered from a finished record: HTML, certificate, traceability."""
