"""What a training is computed on: precision, memory, streams of random numbers, one GPU for several."""
