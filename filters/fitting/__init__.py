"""What only fits the naturalness and text models needs: their training data, the views of it, the regressions."""
