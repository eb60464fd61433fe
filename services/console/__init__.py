"""
Console: a dashboard and an office desk, a client of the public interfaces like any other.

Owns: nothing but who is logged in.
Publishes: nothing.
Consumes: no events; evaluation's score stream over HTTP.
Never: reads a database or the bus, or does what its user may not do.
"""

CONSUMES = ()
