"""What only fits the relevance model needs: photos, labelled texts, training, measures, the card."""
