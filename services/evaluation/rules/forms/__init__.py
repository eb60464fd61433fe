"""The statutory form (自评表), filled from facts: what it says, apart from how it is drawn."""
