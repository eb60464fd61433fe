"""Tests mirror the tree; `stories` use the platform from outside."""
