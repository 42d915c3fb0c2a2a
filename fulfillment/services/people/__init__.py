"""Who is who: badges, PINs, passphrases, codes, sessions, tokens."""
