"""The platform as separate processes, used from outside by what `interfaces.md` says and nothing else."""
