"""The history of each service's schema."""
