"""
Procurement: what is bought, from whom, and whether it was delivered.

Owns: suppliers, contracts, acceptances.
Publishes: contract.signed, contract.amended, contract.terminated, contract.accepted, contract.rejected.
Consumes: project.declared, budget.adjusted.
Never: pays anyone.
"""

CONSUMES = ("budget",)
