"""What services promise one another and the world."""
