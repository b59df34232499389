"""Benchmarks: each prints a ratio against its floor or its peer, the absolute figure, and the machine."""
