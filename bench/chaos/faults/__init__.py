"""The faults, by what they strike. Numbers are those of the matrix in docs/proof.md; a letter tells variants apart."""

from bench.chaos.faults import bus, processes

__all__ = ["bus", "processes"]
