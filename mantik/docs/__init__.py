"""The docs as pages of the product: to read, to search, and linked from every other page."""
