"""From a filled-in form to what would run: before anything is stored."""
