"""What the stages agree on, once: the flatbuffer reader, the manifest, the wire protocol, the runtimes."""
