"""What members add to a run: another name, notes, tags, and each of them a star."""
