"""The statutory form: what it says is the score, on every paper, and what is sealed stays."""
