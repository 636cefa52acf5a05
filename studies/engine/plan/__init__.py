"""Which trials a study comes to with a command line: their recipes, their signatures, what they run on."""
