"""The model side: layers as spaCy's Docs, recipes that train on them, and what models say."""
