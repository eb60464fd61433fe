"""The revisions of procurement's database, oldest first; CONTRIBUTING.md says how to add one."""
