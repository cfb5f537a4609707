"""What editors ask: diagnostics, hovers, completion, names, highlighting. Only `server` needs a library for the protocol."""
