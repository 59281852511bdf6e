"""Examples: the demo site that the README's quick start crawls."""
