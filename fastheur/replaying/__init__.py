"""Replays: an episode of a trial played again from the ledger alone, as video, contact sheet and trace."""
