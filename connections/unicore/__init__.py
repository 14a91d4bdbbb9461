"""Talking to UNICORE sites: jobs, their files, and plain sentences for whatever goes wrong."""
