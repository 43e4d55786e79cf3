/* Frames of docs/protocol.md: COBS(type u8, sequence u32, body, CRC-32 u32) between zero bytes. */
#ifndef THIMBLE_FRAME_H
#define THIMBLE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cobs.h"
#include "protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The buffer that a decoder needs for frames with bodies of up to `body_bytes`. */
#define FRAME_BYTES(body_bytes) (FRAME_HEADER_BYTES + (body_bytes) + FRAME_TRAILER_BYTES)

struct frame {
    uint8_t type;
    uint32_t sequence;
    const uint8_t *body; /* not aligned */
    size_t body_bytes;
};

/* Bytes in, whole frames out. Whatever came before, the next zero byte ends it and a new frame
 * begins. */
struct frame_decoder {
    uint8_t *buffer;
    size_t capacity; /* bytes in `buffer`, at least FRAME_BYTES(0) */
    size_t length;   /* bytes decoded so far */
    bool silent;     /* no byte since the last delimiter */
    bool too_long;
    struct cobs_reader cobs;
    struct frame frame; /* valid from DECODED_FRAME to the next byte */
};

enum decoded {
    DECODED_NOTHING, /* in the middle of a frame, or in silence */
    DECODED_FRAME,
    /* Noise: a zero byte ended something that is no frame. */
    DECODED_CUT_SHORT,
    DECODED_TOO_LONG,
    DECODED_WRONG_CRC
};

void frame_decoder_start(struct frame_decoder *decoder, uint8_t *buffer, size_t capacity);
enum decoded frame_decode(struct frame_decoder *decoder, uint8_t byte);

/* Sends one frame: begin, put the body piece by piece, end. */
struct frame_writer {
    struct cobs_writer cobs;
    uint32_t crc;
};
void frame_begin(struct frame_writer *writer, cobs_sink sink, uint8_t type, uint32_t sequence);
void frame_put(struct frame_writer *writer, const void *bytes, size_t count);
void frame_put_u8(struct frame_writer *writer, uint8_t value);
void frame_put_u32(struct frame_writer *writer, uint32_t value);
void frame_end(struct frame_writer *writer);

/* The u32 at `bytes` of a body. */
static inline uint32_t frame_get_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

#ifdef __cplusplus
}
#endif

#endif
