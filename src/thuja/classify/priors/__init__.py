"""What is known of a label before the image is looked at: the size of its clade, the place and the date."""
