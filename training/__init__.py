"""Pre-train ImageBERT on a LAIT corpus."""
