"""The `scorebus` command, against real processes, a real bus, and a fake platform that fails as networks do."""
