"""Image by image: how much the choice of test images matters, and which of them the networks get wrong."""
