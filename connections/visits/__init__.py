"""How many worker processes talk to a site at once, so that none of the sites can have them all."""
