"""
Evaluation: performance plans and the live scores that follow from everybody's events.

Owns: performance plans, indicator catalogue, scoring policies, live scores, forms, audits.
Publishes: plan.adopted, rating.given, measurement.reported, deviation.explained, score.updated, alert.raised,
score.sealed.
Consumes: every event of budget, procurement and monitoring.
Never: writes anybody else's facts.
"""

CONSUMES = ("budget", "procurement", "monitoring")
