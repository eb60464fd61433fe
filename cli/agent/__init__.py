"""The bundled monitoring agent: what it sees becomes faults, by way of a buffer on disk."""
