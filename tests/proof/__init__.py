"""The event path under every order of events and faults, over the real code and both stores."""
