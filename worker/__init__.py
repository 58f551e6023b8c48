"""The worker: simulates the outside world. It meets the rest only over HTTP, as with a hosted Supabase."""
