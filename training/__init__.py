"""Pre-train ImageBERT on a LAIT corpus."""

import os

# Threads that wait for each other by spinning, PyTorch's default, slow a step down two- to fourfold as soon as another
# process wants one of the cores; those that sleep cost nothing on a quiet machine. Read once, when PyTorch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
