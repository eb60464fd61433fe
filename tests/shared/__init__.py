"""Tests of the language and the plumbing."""
