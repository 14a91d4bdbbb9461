"""What a filled-in form would run, before anything is stored."""
