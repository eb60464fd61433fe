"""The revisions of monitoring's database, oldest first; CONTRIBUTING.md says how to add one."""
