"""The record: a folder a trial, a table a study. The only room that knows the layout of ``results/``."""
