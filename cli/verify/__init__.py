"""
``scorebus verify``: a second reading of the feeds.

It trusts no service: from the events alone it checks the chains, adds up the ledgers and recomputes every score by
code of its own, then compares with what the services answer. Nothing of ``services`` is imported; of the scoring
policies only the data are read.
"""
