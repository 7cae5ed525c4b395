"""Spans, percentiles and confidence intervals: pure mathematics."""
