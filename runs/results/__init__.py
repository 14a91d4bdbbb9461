"""What runs came to: metrics and artifacts."""
