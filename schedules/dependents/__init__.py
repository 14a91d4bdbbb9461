"""What schedules keep of projects and connections, for when one of those changes or goes."""
