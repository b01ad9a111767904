"""OpenAI's API: parsing of bodies, text from tokens, replies and errors. No engine, no sockets."""
