"""Boxes to type in that lose nothing: a Streamlit component of our own, its script and its styles."""
