"""Sans-io master side: request, retry, turnaround, deadlines as events."""
