/* Consistent overhead byte stuffing (Cheshire and Baker, 1999, https://doi.org/10.1109/90.769765).
 *
 * A packet is cut into blocks at its zero bytes. Each block is sent as a code byte, its length plus
 * one, and its bytes, none of which is zero. A block of 254 bytes (code 255) stands for no zero
 * after it; every other block but the last does. No zero byte is left, so zero bytes can mark where
 * a packet ends. */
#ifndef THIMBLE_COBS_H
#define THIMBLE_COBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COBS_DELIMITER = 0, COBS_MAX_BLOCK = 254 };

/* Where encoded bytes go. */
typedef void (*cobs_sink)(const uint8_t *bytes, size_t count);

/* Encodes a packet of any length between two delimiters. Bytes are handed on in as few calls as the
 * buffer allows (each may be a USB packet or a trap): a packet of up to 254 bytes always leaves in
 * one. */
enum { COBS_WRITER_BYTES = 512 };
struct cobs_writer {
    cobs_sink sink;
    size_t length; /* bytes in `buffer` */
    size_t block;  /* where the open block's code byte is */
    uint8_t buffer[COBS_WRITER_BYTES];
};
void cobs_begin(struct cobs_writer *writer, cobs_sink sink);
void cobs_put(struct cobs_writer *writer, const uint8_t *bytes, size_t count);
void cobs_end(struct cobs_writer *writer);

/* Decodes what stands between two delimiters, a byte at a time. */
struct cobs_reader {
    uint8_t remaining; /* bytes of the block still to come */
    bool zero_follows; /* another block would mean that a zero byte stood here */
};
void cobs_restart(struct cobs_reader *reader);

/* Take one byte that is not a delimiter. True when it gave a decoded byte. */
bool cobs_take(struct cobs_reader *reader, uint8_t byte, uint8_t *decoded);

/* Whether a packet may end here: the last block is whole. */
bool cobs_is_whole(const struct cobs_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
