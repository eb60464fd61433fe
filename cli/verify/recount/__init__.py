"""
A project's score, recomputed from its events.

Written from the specification, in another manner than the service's rules: no facts are folded; each measure scans the
plain list of events, in exact fractions.
"""

from cli.verify.recount.document import NotRecomputable, recount
from cli.verify.recount.policies import read_policies
from cli.verify.recount.scene import Scene

__all__ = ["NotRecomputable", "Scene", "read_policies", "recount"]
