"""What the machine gives: files, folders, programs, git, and a memory of what was verified."""
