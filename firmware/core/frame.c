#include "frame.h"

#include "crc32.h"

static uint32_t u32_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void begin_frame(struct frame_decoder *decoder) {
    decoder->length = 0;
    decoder->silent = true;
    decoder->too_long = false;
    cobs_restart(&decoder->cobs);
}

void frame_decoder_start(struct frame_decoder *decoder, uint8_t *buffer, size_t capacity) {
    decoder->buffer = buffer;
    decoder->capacity = capacity;
    begin_frame(decoder);
}

/* What the bytes between two delimiters were. */
static enum decoded judge(struct frame_decoder *decoder) {
    if (decoder->silent) {
        return DECODED_NOTHING;
    }
    if (decoder->too_long) {
        return DECODED_TOO_LONG;
    }
    if (!cobs_is_whole(&decoder->cobs) || decoder->length < FRAME_BYTES(0)) {
        return DECODED_CUT_SHORT;
    }
    size_t checked = decoder->length - FRAME_TRAILER_BYTES;
    if (crc32_update(0, decoder->buffer, checked) != u32_at(decoder->buffer + checked)) {
        return DECODED_WRONG_CRC;
    }
    decoder->frame.type = decoder->buffer[0];
    decoder->frame.sequence = u32_at(decoder->buffer + 1);
    decoder->frame.body = decoder->buffer + FRAME_HEADER_BYTES;
    decoder->frame.body_bytes = checked - FRAME_HEADER_BYTES;
    return DECODED_FRAME;
}

enum decoded frame_decode(struct frame_decoder *decoder, uint8_t byte) {
    if (byte == FRAME_DELIMITER) {
        enum decoded decoded = judge(decoder);
        begin_frame(decoder);
        return decoded;
    }
    decoder->silent = false;
    uint8_t value;
    if (cobs_take(&decoder->cobs, byte, &value)) {
        if (decoder->length == decoder->capacity) {
            decoder->too_long = true;
        } else {
            decoder->buffer[decoder->length++] = value;
        }
    }
    return DECODED_NOTHING;
}

void frame_begin(struct frame_writer *writer, cobs_sink sink, uint8_t type, uint32_t sequence) {
    cobs_begin(&writer->cobs, sink);
    writer->crc = 0;
    frame_put_u8(writer, type);
    frame_put_u32(writer, sequence);
}

void frame_put(struct frame_writer *writer, const void *bytes, size_t count) {
    const uint8_t *first = (const uint8_t *)bytes;
    writer->crc = crc32_update(writer->crc, first, count);
    cobs_put(&writer->cobs, first, count);
}

void frame_put_u8(struct frame_writer *writer, uint8_t value) {
    frame_put(writer, &value, 1);
}

void frame_put_u32(struct frame_writer *writer, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    frame_put(writer, bytes, sizeof bytes);
}

void frame_end(struct frame_writer *writer) {
    frame_put_u32(writer, writer->crc);
    cobs_end(&writer->cobs);
}
