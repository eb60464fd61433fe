"""The decisions of monitoring: pure functions."""
