"""Beam pipelines that turn crawled candidates into the LAIT corpus."""

import logging

# Beam warns on import that Google's libraries are missing, also those who never asked for them.
logging.getLogger().addFilter(lambda record: "apitools not found" not in str(record.msg))
