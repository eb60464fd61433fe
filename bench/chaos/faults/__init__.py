"""The faults, by what they strike. Numbers are those of the matrix in docs/proof.md; a letter tells variants apart."""

from bench.chaos.faults import bus, clients, clocks, links, messages, processes, stores

__all__ = ["bus", "clients", "clocks", "links", "messages", "processes", "stores"]
