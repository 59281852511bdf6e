"""What only fitting the crawler's models needs."""
