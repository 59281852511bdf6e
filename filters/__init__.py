"""Filters that say why: each answers a reason to drop an image or a text, or None to keep it."""
