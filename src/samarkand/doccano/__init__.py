"""doccano, the annotation server: one of one's own, and taking layers there and back."""
