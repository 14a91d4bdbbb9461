"""Which schedules use a project or a connection: asked before one of these is changed or deleted."""
