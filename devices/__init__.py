"""Bytes in, bytes out: scanners and printers, and nothing of the business.

Owns addresses, deadlines, wire formats and what may honestly be said of a delivered job. Refuses every
word of orders, stock or people, every table and every import of the server.
Invariant: whoever asks for a job to be printed gets a `Receipt` that says no more than was proven, or a
`DeviceError`.
"""
