"""Procurement's knobs: those every service has."""

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """Nothing of its own yet."""
