"""A process that dies, or whose disk fails, at each single system call that writes to its database."""
