"""One file a step: `0001_kernel`, `0002_accounts`, `0003_places`, ..."""
