"""The services: independent of one another, each its own process with its own database."""
