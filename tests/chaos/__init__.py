"""Chaos in short."""
