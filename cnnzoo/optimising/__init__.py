"""What a training minimises, and how: losses, optimisers and schedules by name."""
