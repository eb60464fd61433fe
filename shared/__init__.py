"""The language and the plumbing of the platform. Knows no service."""
