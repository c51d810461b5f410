"""Benchmarks: what the product promises, measured beside a peer in the same run."""
