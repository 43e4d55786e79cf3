#include "inspection.h"

#include "../board.h"
#include "../engine.h"
#include "crc32.h"
#include "request.h"

/* How far an inference in pieces has come. */
static struct {
    int loaded;        /* whether there is one */
    uint32_t sequence; /* of the LOAD that began it */
    uint32_t next;     /* the call that comes next */
    uint32_t ticks;    /* of the last call */
} now;

/* A LOAD with the number of the last one is a copy of it that came late: it is answered, and changes nothing. */
static void answer_load(const struct frame *request) {
    if (!request_holds_inputs(request)) {
        return;
    }
    if (!now.loaded || now.sequence != request->sequence) {
        request_write_inputs(request->body);
        now.loaded = 1;
        now.sequence = request->sequence;
        now.next = 0;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_LOADED, request->sequence);
    frame_put_u32(&writer, crc32_update(0, request->body, request->body_bytes));
    frame_put_u32(&writer, engine_inspection->calls);
    frame_end(&writer);
}

/* Each call runs once: asked for again, the ticks of the last one are repeated. */
static void answer_step(const struct frame *request) {
    if (request->body_bytes != 4) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "STEP has a body of four bytes");
        return;
    }
    const uint32_t call = frame_get_u32(request->body);
    if (!now.loaded || call >= engine_inspection->calls ||
        (call != now.next && call + 1 != now.next)) {
        request_error(ERROR_OUT_OF_ORDER, request->sequence, "another call comes next");
        return;
    }
    if (call == now.next) {
        const uint32_t start = board_ticks();
        engine_inspection->step(call);
        now.ticks = board_ticks() - start;
        now.next = call + 1;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_STEPPED, request->sequence);
    frame_put_u32(&writer, call);
    frame_put_u32(&writer, now.ticks);
    frame_end(&writer);
}

static void answer_read(const struct frame *request) {
    if (request->body_bytes != 8) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "READ has a body of eight bytes");
        return;
    }
    const uint32_t offset = frame_get_u32(request->body), count = frame_get_u32(request->body + 4);
    if (count > PROTOCOL_MAX_READ || offset > engine_inspection->bytes ||
        count > engine_inspection->bytes - offset) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "the memory ends before");
        return;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_BYTES_READ, request->sequence);
    frame_put_u32(&writer, offset);
    frame_put(&writer, engine_inspection->memory() + offset, count);
    frame_end(&writer);
}

int inspection_knows(uint8_t type) {
    return type == FRAME_LOAD || type == FRAME_STEP || type == FRAME_READ;
}

void inspection_answer(const struct frame *request) {
    if (request->type == FRAME_LOAD) {
        answer_load(request);
    } else if (request->type == FRAME_STEP) {
        answer_step(request);
    } else {
        answer_read(request);
    }
}
