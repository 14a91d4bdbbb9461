"""The web server's front: what waits for a client waits here, in an event loop, and holds no thread of the pages."""
