"""The revisions of evaluation's database, oldest first; CONTRIBUTING.md says how to add one."""
