/* The wire protocol's constants. docs/protocol.md explains them, contract/protocol.py states them
 * for Python, and tests/test_protocol.py holds the two together. All integers are little-endian. */
#ifndef THIMBLE_PROTOCOL_H
#define THIMBLE_PROTOCOL_H

enum {
    PROTOCOL_VERSION = 3,
    PROTOCOL_MAX_RANK = 6,
    PROTOCOL_MAX_ERROR_TEXT = 120,
    PROTOCOL_MAX_READ = 1024 /* bytes of memory in one answer */
};

/* A frame between two delimiters is COBS(type u8, sequence u32, body, CRC-32 u32). */
enum { FRAME_DELIMITER = 0x00, FRAME_HEADER_BYTES = 5, FRAME_TRAILER_BYTES = 4 };

enum frame_type {
    FRAME_HELLO = 0x01,
    FRAME_INFER = 0x02,
    FRAME_RESET = 0x03,
    FRAME_LOAD = 0x04,
    FRAME_STEP = 0x05,
    FRAME_READ = 0x06,
    FRAME_PART = 0x07,
    FRAME_FETCH = 0x08,
    FRAME_HELLO_REPLY = 0x81,
    FRAME_RESULT = 0x82,
    FRAME_RESET_REPLY = 0x83,
    FRAME_LOADED = 0x84,
    FRAME_STEPPED = 0x85,
    FRAME_BYTES_READ = 0x86,
    FRAME_PART_REPLY = 0x87,
    FRAME_FETCHED = 0x88,
    FRAME_ERROR = 0xFF
};

enum error_code {
    ERROR_BAD_FRAME = 1,
    ERROR_UNKNOWN_TYPE = 2,
    ERROR_WRONG_LENGTH = 3,
    ERROR_ENGINE_FAILED = 4,
    ERROR_OUT_OF_ORDER = 5
};

enum tick_unit { TICK_UNIT_CYCLE = 1, TICK_UNIT_INSTRUCTION = 2, TICK_UNIT_NANOSECOND = 3 };

#endif
