"""What a founder teaches the search: rules proposed from examples, tried out on their own rows before they count."""
