"""Figures of single classes and images: what is taken for what, and what most networks get wrong."""
