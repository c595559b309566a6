"""UIMA CAS, which is written as XMI and as JSON: what the two forms have in common."""
