"""The Streamlit bits that pages share: which venture, a status badge, a figure with its evidence, a watched job."""
