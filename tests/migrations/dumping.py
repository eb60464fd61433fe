"""
Dumps the data of a service as its program stores it now: ``python -m tests.migrations.dumping``.

The dumps in ``dumps`` are what tests upgrade from, one for each service and revision. A dump holds the rows of every
table and what the service answered from them. It is never written anew: it is the past.
"""
