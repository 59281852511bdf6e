"""What only fits the naturalness model needs: its training images, the views of them, the regression."""
