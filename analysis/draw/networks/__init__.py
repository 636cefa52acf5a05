"""Figures of the networks themselves: their first filters, what they make of an image, and their layers."""
