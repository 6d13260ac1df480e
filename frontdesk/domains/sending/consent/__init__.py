"""What a reply says of consent: the words, the text around them, and requests in sentences."""
