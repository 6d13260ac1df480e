"""Frontdesk's shared package: the kernel, the providers, and the nouns of the business."""
