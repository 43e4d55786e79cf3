#include "session.h"

#include <assert.h>
#include <string.h>

#include "../board.h"
#include "../engine.h"
#include "crc32.h"
#include "frame.h"

static_assert((int)PROTOCOL_MAX_RANK == (int)ENGINE_MAX_RANK,
              "a tensor's shape on the wire and in engine.h");

/* Requests have the top bit of their type clear, answers have it set. */
enum { ANSWER_BIT = 0x80 };

static void answer(struct frame_writer *writer, enum frame_type type, uint32_t sequence) {
    frame_begin(writer, board_write, (uint8_t)type, sequence);
}

static void answer_error(enum error_code code, uint32_t sequence, const char *text) {
    struct frame_writer writer;
    const size_t length = strlen(text), most = PROTOCOL_MAX_ERROR_TEXT;
    answer(&writer, FRAME_ERROR, sequence);
    frame_put_u8(&writer, (uint8_t)code);
    frame_put(&writer, text, length < most ? length : most);
    frame_end(&writer);
}

static void put_tensor(struct frame_writer *writer, const struct tensor_info *tensor) {
    const size_t length = strlen(tensor->name);
    uint32_t scale;
    static_assert(sizeof scale == sizeof tensor->scale, "a scale is an IEEE 754 single");
    memcpy(&scale, &tensor->scale, sizeof scale);
    frame_put_u8(writer, tensor->type);
    frame_put_u8(writer, tensor->rank);
    for (int i = 0; i < PROTOCOL_MAX_RANK; ++i) {
        frame_put_u32(writer, tensor->shape[i]);
    }
    frame_put_u32(writer, scale);
    frame_put_u32(writer, (uint32_t)tensor->zero_point);
    frame_put_u8(writer, (uint8_t)length);
    frame_put(writer, tensor->name, length);
}

static void answer_hello(uint32_t sequence, size_t max_body) {
    struct frame_writer writer;
    answer(&writer, FRAME_HELLO_REPLY, sequence);
    frame_put_u8(&writer, PROTOCOL_VERSION);
    frame_put_u8(&writer, board_info.frames_in_flight);
    frame_put_u8(&writer, board_info.tick_unit);
    frame_put_u32(&writer, board_info.tick_hz);
    frame_put_u32(&writer, (uint32_t)max_body);
    frame_put(&writer, model_info.sha256, sizeof model_info.sha256);
    frame_put_u8(&writer, model_info.stateful);
    frame_put_u8(&writer, (uint8_t)strlen(board_info.name));
    frame_put_u8(&writer, (uint8_t)strlen(engine_name));
    frame_put_u8(&writer, model_info.input_count);
    frame_put_u8(&writer, model_info.output_count);
    frame_put(&writer, board_info.name, strlen(board_info.name));
    frame_put(&writer, engine_name, strlen(engine_name));
    for (int i = 0; i < model_info.input_count; ++i) {
        put_tensor(&writer, &model_info.inputs[i]);
    }
    for (int i = 0; i < model_info.output_count; ++i) {
        put_tensor(&writer, &model_info.outputs[i]);
    }
    frame_end(&writer);
}

/* What was executed last, whose answer is repeated when it is asked for again. */
struct execution {
    int valid;         /* 0 before the first */
    int whole;         /* whether its outputs are in the engine: not behind a fault or a RESET */
    uint32_t sequence; /* of its request */
    uint32_t input_crc, ticks;
};

static uint32_t bytes_of(const struct tensor_info *tensors, int count) {
    uint32_t bytes = 0;
    for (int i = 0; i < count; ++i) {
        bytes += tensors[i].bytes;
    }
    return bytes;
}

static void answer_result(const struct execution *execution) {
    struct frame_writer writer;
    answer(&writer, FRAME_RESULT, execution->sequence);
    frame_put_u32(&writer, execution->input_crc);
    frame_put_u32(&writer, execution->ticks);
    for (int i = 0; i < model_info.output_count; ++i) {
        frame_put(&writer, engine_output(i), model_info.outputs[i].bytes);
    }
    frame_end(&writer);
}

static void write_inputs(const uint8_t *bytes) {
    for (int i = 0; i < model_info.input_count; ++i) {
        memcpy(engine_input(i), bytes, model_info.inputs[i].bytes);
        bytes += model_info.inputs[i].bytes;
    }
}

static void execute(const struct frame *request, struct execution *execution) {
    execution->valid = 1;
    execution->whole = 0;
    execution->sequence = request->sequence;
    execution->input_crc = crc32_update(0, request->body, request->body_bytes);
    write_inputs(request->body);
    board_show(BOARD_COMPUTING);
    uint32_t start = board_ticks();
    const char *fault = engine_invoke();
    execution->ticks = board_ticks() - start;
    if (fault != NULL) {
        board_show(BOARD_FAILED);
        answer_error(ERROR_ENGINE_FAILED, request->sequence, fault);
        return;
    }
    board_show(BOARD_WAITING);
    execution->whole = 1;
    answer_result(execution);
}

/* Whether the body is as long as the model's inputs; an error is answered where it is not. */
static int holds_inputs(const struct frame *request) {
    if (request->body_bytes == bytes_of(model_info.inputs, model_info.input_count)) {
        return 1;
    }
    answer_error(ERROR_WRONG_LENGTH, request->sequence,
                 "the body is not as long as the model's inputs");
    return 0;
}

/* Each sequence number is executed at most once where that can be told from the outputs: in a model with a state a
 * late copy of an earlier request would advance it once more. */
static void answer_infer(const struct frame *request, struct execution *last) {
    if (!holds_inputs(request)) {
        return;
    }
    const int32_t ahead = (int32_t)(request->sequence - last->sequence);
    const int again = last->valid && ahead == 0;
    if (again && last->whole &&
        last->input_crc == crc32_update(0, request->body, request->body_bytes)) {
        answer_result(last);
    } else if (!(model_info.stateful && last->valid && ahead <= 0)) {
        execute(request, last);
    }
}

static uint32_t get_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The body tells a new RESET from a late copy of the last one, which changes nothing. */
static void answer_reset(const struct frame *request, struct execution *last, uint32_t *token) {
    if (request->body_bytes != sizeof *token) {
        answer_error(ERROR_WRONG_LENGTH, request->sequence, "RESET has a body of four bytes");
        return;
    }
    const uint32_t given = get_u32(request->body);
    if (!last->valid || given != *token) {
        engine_reset();
        *token = given;
        last->valid = 1;
        last->whole = 0;
        last->sequence = request->sequence;
    }
    struct frame_writer writer;
    answer(&writer, FRAME_RESET_REPLY, request->sequence);
    frame_end(&writer);
}

/* How far an inference in pieces has come. */
struct inspection {
    int loaded;        /* whether there is one */
    uint32_t sequence; /* of the LOAD that began it */
    uint32_t next;     /* the call that comes next */
    uint32_t ticks;    /* of the last call */
};

/* A LOAD with the number of the last one is a copy of it that came late: it is answered, and changes nothing. */
static void answer_load(const struct frame *request, struct inspection *inspection) {
    if (!holds_inputs(request)) {
        return;
    }
    if (!inspection->loaded || inspection->sequence != request->sequence) {
        write_inputs(request->body);
        *inspection = (struct inspection){1, request->sequence, 0, 0};
    }
    struct frame_writer writer;
    answer(&writer, FRAME_LOADED, request->sequence);
    frame_put_u32(&writer, crc32_update(0, request->body, request->body_bytes));
    frame_put_u32(&writer, engine_inspection->calls);
    frame_end(&writer);
}

/* Each call runs once: asked for again, the ticks of the last one are repeated. */
static void answer_step(const struct frame *request, struct inspection *inspection) {
    if (request->body_bytes != 4) {
        answer_error(ERROR_WRONG_LENGTH, request->sequence, "STEP has a body of four bytes");
        return;
    }
    const uint32_t call = get_u32(request->body);
    if (!inspection->loaded || call >= engine_inspection->calls ||
        (call != inspection->next && call + 1 != inspection->next)) {
        answer_error(ERROR_OUT_OF_ORDER, request->sequence, "another call comes next");
        return;
    }
    if (call == inspection->next) {
        const uint32_t start = board_ticks();
        engine_inspection->step(call);
        inspection->ticks = board_ticks() - start;
        inspection->next = call + 1;
    }
    struct frame_writer writer;
    answer(&writer, FRAME_STEPPED, request->sequence);
    frame_put_u32(&writer, call);
    frame_put_u32(&writer, inspection->ticks);
    frame_end(&writer);
}

static void answer_read(const struct frame *request) {
    if (request->body_bytes != 8) {
        answer_error(ERROR_WRONG_LENGTH, request->sequence, "READ has a body of eight bytes");
        return;
    }
    const uint32_t offset = get_u32(request->body), count = get_u32(request->body + 4);
    if (count > PROTOCOL_MAX_READ || offset > engine_inspection->bytes ||
        count > engine_inspection->bytes - offset) {
        answer_error(ERROR_WRONG_LENGTH, request->sequence, "the memory ends before");
        return;
    }
    struct frame_writer writer;
    answer(&writer, FRAME_BYTES_READ, request->sequence);
    frame_put_u32(&writer, offset);
    frame_put(&writer, engine_inspection->memory() + offset, count);
    frame_end(&writer);
}

/* What the board remembers between two requests. */
struct memory {
    struct execution last;
    uint32_t reset_token;
    struct inspection inspection;
};

static int is_known(uint8_t type) {
    switch (type) {
        case FRAME_HELLO:
        case FRAME_INFER:
        case FRAME_RESET:
            return 1;
        case FRAME_LOAD:
        case FRAME_STEP:
        case FRAME_READ:
            return engine_inspection != NULL;
        default:
            return 0;
    }
}

static void answer_request(const struct frame *request, size_t max_body, const char *engine_fault,
                           struct memory *memory) {
    if (request->type & ANSWER_BIT) {
        return; /* Our own answer, brought back by a line that echoes: answering it would never end.
                 */
    }
    if (!is_known(request->type)) {
        answer_error(ERROR_UNKNOWN_TYPE, request->sequence,
                     engine_inspection == NULL ? "this firmware knows HELLO, INFER and RESET"
                                               : "this firmware does not know the type");
    } else if (engine_fault != NULL) {
        answer_error(ERROR_ENGINE_FAILED, request->sequence, engine_fault);
    } else if (request->type == FRAME_INFER) {
        memory->inspection.loaded = 0;
        answer_infer(request, &memory->last);
    } else if (request->type == FRAME_LOAD) {
        memory->last.whole = 0; /* its outputs are gone */
        answer_load(request, &memory->inspection);
    } else if (request->type == FRAME_STEP) {
        answer_step(request, &memory->inspection);
    } else if (request->type == FRAME_READ) {
        answer_read(request);
    } else if (request->type == FRAME_RESET) {
        answer_reset(request, &memory->last, &memory->reset_token);
    } else if (request->body_bytes != 0) {
        answer_error(ERROR_WRONG_LENGTH, request->sequence, "HELLO has no body");
    } else {
        answer_hello(request->sequence, max_body);
    }
}

void session_run(uint8_t *buffer, size_t capacity, const char *engine_fault) {
    struct frame_decoder decoder;
    struct memory memory = {{0, 0, 0, 0, 0}, 0, {0, 0, 0, 0}};
    frame_decoder_start(&decoder, buffer, capacity);
    board_show(engine_fault == NULL ? BOARD_WAITING : BOARD_FAILED);

    uint8_t bytes[64]; /* as many as a full-speed USB packet holds */
    size_t count;
    while ((count = board_read(bytes, sizeof bytes)) > 0) {
        for (size_t i = 0; i < count; ++i) {
            switch (frame_decode(&decoder, bytes[i])) {
                case DECODED_NOTHING:
                    break;
                case DECODED_FRAME:
                    answer_request(&decoder.frame, capacity - FRAME_BYTES(0), engine_fault,
                                   &memory);
                    break;
                case DECODED_CUT_SHORT:
                    answer_error(ERROR_BAD_FRAME, 0, "cut short");
                    break;
                case DECODED_TOO_LONG:
                    answer_error(ERROR_BAD_FRAME, 0, "longer than the largest body");
                    break;
                case DECODED_WRONG_CRC:
                    answer_error(ERROR_BAD_FRAME, 0, "wrong CRC-32");
                    break;
            }
        }
    }
}
