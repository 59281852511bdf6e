"""Beam pipelines that turn crawled candidates into the LAIT corpus."""
