"""
Budget: the money of projects.

Owns: projects, budget lines, funds received, payment requests, payments.
Publishes: project.declared, budget.adjusted, funds.received, payment.made, payment.reversed.
Consumes: contract.signed, contract.amended, contract.terminated, contract.accepted, contract.rejected.
Never: scores anything.
"""

CONSUMES = ("procurement",)
