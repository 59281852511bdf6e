"""The weak image-text semantic model: is this text about this image?"""
