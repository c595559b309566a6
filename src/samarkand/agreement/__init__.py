"""How far annotators agree: a module for each kind of annotation."""
