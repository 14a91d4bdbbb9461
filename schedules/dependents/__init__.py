"""What schedules keep of projects, runs and connections, for when one of those is to be deleted."""
