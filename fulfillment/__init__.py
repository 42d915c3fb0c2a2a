"""The warehouse server: stock ledger, scan dialogues, waves, parcels, and the pages behind them."""

VERSION = "0.1.0"
