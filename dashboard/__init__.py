"""The staff dashboard (Streamlit). Reads the published warehouse file and nothing else."""
