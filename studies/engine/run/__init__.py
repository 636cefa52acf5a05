"""One trial trained and booked, the conductor of a study, and two ways to train what it orders."""
