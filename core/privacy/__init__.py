"""The privacy room: what personal data a founder's files hold, where, how much, and how sure that is."""
