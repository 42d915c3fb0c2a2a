"""What a scanned text is. Pure: text in, one `Read` or a rejection out; no lookup in any table."""
