"""What anybody's rules and routes do: files that alertc did not write, read and proven against a promise."""
