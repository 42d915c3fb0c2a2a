"""Thin HTTP: parse, call one service, render. A rule about stock has no business here."""
