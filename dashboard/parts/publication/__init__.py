"""What tells an open page that something was published: a Streamlit component of our own and its script."""
