"""A small web site on this machine that holds every case the crawler and the corpus build decide on."""
