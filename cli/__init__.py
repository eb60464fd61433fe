"""The ``scorebus`` command: starts a platform on one machine, and is a client of its public interfaces."""
