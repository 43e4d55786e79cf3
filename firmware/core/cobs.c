#include "cobs.h"

static void open_block(struct cobs_writer *writer) {
    writer->block = writer->length++;
}

/* Afterwards there is room for another block, however long. */
static void close_block(struct cobs_writer *writer) {
    writer->buffer[writer->block] = (uint8_t)(writer->length - writer->block);
    if (writer->length + 1 + COBS_MAX_BLOCK > COBS_WRITER_BYTES) {
        writer->sink(writer->buffer, writer->length);
        writer->length = 0;
    }
}

void cobs_begin(struct cobs_writer *writer, cobs_sink sink) {
    writer->sink = sink;
    writer->buffer[0] = COBS_DELIMITER;
    writer->length = 1;
    open_block(writer);
}

void cobs_put(struct cobs_writer *writer, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (writer->length - writer->block > COBS_MAX_BLOCK) {
            close_block(writer);
            open_block(writer);
        }
        if (bytes[i] == COBS_DELIMITER) {
            close_block(writer);
            open_block(writer);
        } else {
            writer->buffer[writer->length++] = bytes[i];
        }
    }
}

void cobs_end(struct cobs_writer *writer) {
    close_block(writer);
    writer->buffer[writer->length++] = COBS_DELIMITER;
    writer->sink(writer->buffer, writer->length);
}

void cobs_restart(struct cobs_reader *reader) {
    reader->remaining = 0;
    reader->zero_follows = false;
}

bool cobs_take(struct cobs_reader *reader, uint8_t byte, uint8_t *decoded) {
    if (reader->remaining > 0) {
        --reader->remaining;
        *decoded = byte;
        return true;
    }
    /* A code byte. The zero that the last block stood for is known only now that another follows.
     */
    bool zero = reader->zero_follows;
    reader->remaining = (uint8_t)(byte - 1);
    reader->zero_follows = byte <= COBS_MAX_BLOCK;
    *decoded = 0;
    return zero;
}

bool cobs_is_whole(const struct cobs_reader *reader) {
    return reader->remaining == 0;
}
