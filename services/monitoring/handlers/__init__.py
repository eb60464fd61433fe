"""What monitoring does, one function per thing that happens: load, decide, save and publish."""

from services.monitoring.handlers.learning import learn, unlearn

__all__ = ["learn", "unlearn"]
