"""What a trial keeps beside its numbers: what its network says of each test image, and the network itself."""
