"""What Mantik relies on at a UNICORE site, held against the sandbox site and the real server alike."""
