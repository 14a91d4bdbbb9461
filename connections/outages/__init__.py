"""What happens when a site does not answer: its breaker, and the question whether it is back."""
