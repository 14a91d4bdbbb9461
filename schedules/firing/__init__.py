"""What happens when schedules are due, from the clock to stored runs."""
