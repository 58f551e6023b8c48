"""Supabase on this machine without Docker: the same protocols over a real Postgres that pip installed."""
