/* Runs core/ for tests/test_protocol.py and tests/test_session.py, under the sanitizers: commands
 * come in on standard input, answers go out on standard output. Both are a u32 length and that many
 * bytes; the first byte of a command says which one. Every buffer given to core/ is allocated to
 * the byte, so that one byte too far is an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "core/cobs.h"
#include "core/crc32.h"
#include "core/frame.h"
#include "core/protocol.h"
#include "core/session.h"
#include "model_info.h"

struct bytes {
    const uint8_t *first;
    size_t count;
};

/* ---- the command, taken apart ---- */
static struct bytes command;

static struct bytes take(size_t count) {
    if (count > command.count) {
        fprintf(stderr, "harness: command too short\n");
        exit(2);
    }
    struct bytes taken = {command.first, count};
    command.first += count;
    command.count -= count;
    return taken;
}

static uint8_t take_u8(void) {
    return *take(1).first;
}

static uint32_t take_u32(void) {
    uint32_t value;
    memcpy(&value, take(sizeof value).first, sizeof value);
    return value;
}

/* ---- the answer, put together ---- */
static uint8_t *answer;
static size_t answer_bytes, answer_room;

static void put(const void *bytes, size_t count) {
    if (answer_bytes + count > answer_room) {
        answer_room = 2 * (answer_bytes + count);
        answer = realloc(answer, answer_room);
    }
    if (count > 0) {
        memcpy(answer + answer_bytes, bytes, count);
    }
    answer_bytes += count;
}

static void put_u8(uint8_t value) {
    put(&value, sizeof value);
}

static void put_u32(uint32_t value) {
    put(&value, sizeof value);
}

static void sink(const uint8_t *bytes, size_t count) {
    put(bytes, count);
}

/* ---- the session's board: reads what is left of the command, writes to the answer ---- */
const struct board_info board_info = {"harness", TICK_UNIT_CYCLE, 64000000, 3};

static size_t bytes_a_read;

size_t board_read(uint8_t *bytes, size_t capacity) {
    size_t count = bytes_a_read < capacity ? bytes_a_read : capacity;
    struct bytes taken = take(count < command.count ? count : command.count);
    if (taken.count > 0) {
        memcpy(bytes, taken.first, taken.count);
    }
    return taken.count;
}

void board_write(const uint8_t *bytes, size_t count) {
    put(bytes, count);
}

/* An inference takes 1,000 ticks, and the counter goes round during the first. */
uint32_t board_ticks(void) {
    static uint32_t now = UINT32_MAX - 1500;
    return now += 1000;
}

void board_show(enum board_state state) {
    (void)state;
}

/* ---- the commands ---- */
/* CRC-32 of the first u32 bytes, continued over the rest. */
static void crc32_in_two_parts(void) {
    struct bytes first = take(take_u32());
    uint32_t crc = crc32_update(0, first.first, first.count);
    put_u32(crc32_update(crc, command.first, command.count));
}

/* COBS of the rest, put u32 bytes at a time. */
static void cobs_encode(void) {
    struct cobs_writer writer;
    size_t piece = take_u32();
    cobs_begin(&writer, sink);
    while (command.count > 0) {
        struct bytes bytes = take(piece < command.count ? piece : command.count);
        cobs_put(&writer, bytes.first, bytes.count);
    }
    cobs_end(&writer);
}

/* Whether the rest is whole (u8), and what it decodes to. */
static void cobs_decode(void) {
    struct cobs_reader reader;
    cobs_restart(&reader);
    put_u8(0);
    while (command.count > 0) {
        uint8_t decoded;
        if (cobs_take(&reader, take_u8(), &decoded)) {
            put_u8(decoded);
        }
    }
    answer[0] = cobs_is_whole(&reader);
}

/* A frame of type u8, sequence u32, and the rest as its body. */
static void write_frame(void) {
    struct frame_writer writer;
    uint8_t type = take_u8();
    uint32_t sequence = take_u32();
    frame_begin(&writer, sink, type, sequence);
    frame_put(&writer, command.first, command.count);
    frame_end(&writer);
}

/* What a decoder with a buffer of u32 bytes makes of the rest: enum decoded (u8), and where that is
 * a frame its type u8, sequence u32, and body with a u32 length. */
static void decode_frames(void) {
    struct frame_decoder decoder;
    size_t capacity = take_u32();
    uint8_t *buffer = malloc(capacity);
    frame_decoder_start(&decoder, buffer, capacity);
    while (command.count > 0) {
        enum decoded decoded = frame_decode(&decoder, take_u8());
        if (decoded == DECODED_NOTHING) {
            continue;
        }
        put_u8((uint8_t)decoded);
        if (decoded == DECODED_FRAME) {
            put_u8(decoder.frame.type);
            put_u32(decoder.frame.sequence);
            put_u32((uint32_t)decoder.frame.body_bytes);
            put(decoder.frame.body, decoder.frame.body_bytes);
        }
    }
    free(buffer);
}

/* A session over the rest, read u32 bytes at a time. Before: engine_init's text, with a u8 length.
 */
static void run_session(void) {
    char fault[256] = {0};
    bytes_a_read = take_u32();
    struct bytes text = take(take_u8());
    memcpy(fault, text.first, text.count);
    uint8_t *buffer = malloc(FRAME_BYTES(MODEL_INPUT_BYTES));
    session_run(buffer, FRAME_BYTES(MODEL_INPUT_BYTES), text.count > 0 ? fault : NULL);
    free(buffer);
}

int main(void) {
    uint32_t count;
    while (fread(&count, sizeof count, 1, stdin) == 1) {
        uint8_t *bytes = malloc(count);
        if (fread(bytes, 1, count, stdin) != count) {
            return 2;
        }
        command.first = bytes;
        command.count = count;
        answer_bytes = 0;
        switch (take_u8()) {
            case 'c':
                crc32_in_two_parts();
                break;
            case 'e':
                cobs_encode();
                break;
            case 'd':
                cobs_decode();
                break;
            case 'w':
                write_frame();
                break;
            case 'f':
                decode_frames();
                break;
            case 's':
                run_session();
                break;
        }
        count = (uint32_t)answer_bytes;
        fwrite(&count, sizeof count, 1, stdout);
        if (answer_bytes > 0) { /* there is no array before the first answer with bytes */
            fwrite(answer, 1, answer_bytes, stdout);
        }
        fflush(stdout);
        free(bytes);
    }
    free(answer);
    return 0;
}
