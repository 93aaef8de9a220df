"""The name model, fine-tuned on made-up sentences: one that ships, and a founder's own that is judged before use."""
