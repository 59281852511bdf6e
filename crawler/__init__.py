"""Crawl pages, keep the English ones, and save each page's dominant image with its candidate texts."""
