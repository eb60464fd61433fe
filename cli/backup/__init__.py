"""Backup and restore of a whole platform, over either store and from one to the other."""
