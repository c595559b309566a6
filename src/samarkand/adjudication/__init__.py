"""What several annotators made of the same documents, put side by side for one who decides."""
