"""
Chaos: a real platform under load, one fault after the other, and what must hold after each.

``python -m bench.chaos --seeds 1,2,3`` starts the four services, Valkey and, where a fault needs it, PostgreSQL as
processes, with a small TCP proxy on every link. Load keeps a journal of every answer it was given. After each fault the
oracles of docs/proof.md are asked, and whether the fault has really struck.
"""
