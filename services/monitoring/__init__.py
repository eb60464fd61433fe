"""
Monitoring: how services run, and what those who use them say.

Owns: assets, faults, readings, maintenance windows, complaints, surveys, service counts, inspections.
Publishes: fault.opened, fault.responded, fault.resolved, fault.reopened, reading.recorded, maintenance.scheduled,
complaint.filed, complaint.closed, survey.answered, service.counted, inspection.recorded, rectification.closed.
Consumes: project.declared.
Never: decides a score.
"""

CONSUMES = ("budget",)
