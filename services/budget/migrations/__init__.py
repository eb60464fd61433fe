"""The revisions of budget's database, oldest first; CONTRIBUTING.md says how to add one."""
