"""The server and its page: identify, search and walk the tree, over HTTP."""
