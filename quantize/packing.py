"""A flatbuffer as the objects of the generated schema, to be changed, and back."""

from typing import Any

FILE_IDENTIFIER = b"TFL3"


def unpacked(flatbuffer: bytes) -> Any:
    """The model as a ModelT."""
    from tensorflow.lite.python import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(flatbuffer)


def packed(model: Any) -> bytes:
    """A ModelT as a flatbuffer."""
    import flatbuffers

    builder = flatbuffers.Builder(0)  # it grows
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())
