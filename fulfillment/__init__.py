"""The warehouse server: stock ledger, scan dialogues, waves, parcels, and the pages behind them."""
