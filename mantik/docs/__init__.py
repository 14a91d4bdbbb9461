"""The project's own docs as pages of the product: read, searched, and led to from every other page."""
