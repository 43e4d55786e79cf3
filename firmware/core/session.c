#include "session.h"

#include <assert.h>
#include <string.h>

#include "../board.h"
#include "../engine.h"
#include "crc32.h"
#include "frame.h"
#include "request.h"

static_assert((int)PROTOCOL_MAX_RANK == (int)ENGINE_MAX_RANK,
              "a tensor's shape on the wire and in engine.h");

/* Requests have the top bit of their type clear, answers have it set. */
enum { ANSWER_BIT = 0x80 };

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
    request_answer(&writer, FRAME_HELLO_REPLY, sequence);
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

static void answer_result(const struct execution *execution) {
    struct frame_writer writer;
    request_answer(&writer, FRAME_RESULT, execution->sequence);
    frame_put_u32(&writer, execution->input_crc);
    frame_put_u32(&writer, execution->ticks);
    for (int i = 0; i < model_info.output_count; ++i) {
        frame_put(&writer, engine_output(i), model_info.outputs[i].bytes);
    }
    frame_end(&writer);
}

/* Run the inputs that are in the engine. */
static void execute(uint32_t sequence, uint32_t input_crc, struct execution *execution) {
    *execution = (struct execution){1, 0, sequence, input_crc, 0};
    board_show(BOARD_COMPUTING);
    uint32_t start = board_ticks();
    const char *fault = engine_invoke();
    execution->ticks = board_ticks() - start;
    if (fault != NULL) {
        board_show(BOARD_FAILED);
        request_error(ERROR_ENGINE_FAILED, sequence, fault);
        return;
    }
    board_show(BOARD_WAITING);
    execution->whole = 1;
    answer_result(execution);
}

/* Whether the request is the last one executed, whose outputs are still in the engine. */
static int is_last(const struct execution *last, uint32_t sequence, uint32_t input_crc) {
    return last->valid && last->whole && last->sequence == sequence && last->input_crc == input_crc;
}

/* Whether the request may be executed: in a model with a state no late copy of an earlier one. */
static int is_due(const struct execution *last, uint32_t sequence) {
    return !(model_info.stateful && last->valid && (int32_t)(sequence - last->sequence) <= 0);
}

/* Each sequence number is executed at most once where that can be told from the outputs: in a model with a state a
 * late copy of an earlier request would advance it once more. */
static void answer_infer(const struct frame *request, struct execution *last) {
    if (!request_holds_inputs(request)) {
        return;
    }
    const uint32_t input_crc = crc32_update(0, request->body, request->body_bytes);
    if (is_last(last, request->sequence, input_crc)) {
        answer_result(last);
    } else if (is_due(last, request->sequence)) {
        request_write_inputs(request->body);
        execute(request->sequence, input_crc, last);
    }
}

/* The body tells a new RESET from a late copy of the last one, which changes nothing. */
static void answer_reset(const struct frame *request, struct execution *last, uint32_t *token) {
    if (request->body_bytes != sizeof *token) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "RESET has a body of four bytes");
        return;
    }
    const uint32_t given = frame_get_u32(request->body);
    if (!last->valid || given != *token) {
        engine_reset();
        *token = given;
        last->valid = 1;
        last->whole = 0;
        last->sequence = request->sequence;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_RESET_REPLY, request->sequence);
    frame_end(&writer);
}

/* Inputs that arrive in parts, which go into the engine one behind the other. */
struct assembly {
    int valid; /* whether all bytes before `received` are in the engine */
    uint32_t sequence, input_crc, received;
};

/* Where a byte of all inputs, one behind the other, lies in the engine, and how many follow it there. */
static int8_t *input_at(uint32_t offset, uint32_t *following) {
    int index = 0;
    while (offset >= model_info.inputs[index].bytes) {
        offset -= model_info.inputs[index++].bytes;
    }
    *following = model_info.inputs[index].bytes - offset;
    return engine_input(index) + offset;
}

static void write_part(uint32_t offset, const uint8_t *bytes, uint32_t count) {
    while (count > 0) {
        uint32_t room;
        int8_t *to = input_at(offset, &room);
        const uint32_t piece = count < room ? count : room;
        memcpy(to, bytes, piece);
        offset += piece;
        bytes += piece;
        count -= piece;
    }
}

static uint32_t crc_of_inputs(void) {
    uint32_t crc = 0;
    for (int i = 0; i < model_info.input_count; ++i) {
        crc = crc32_update(crc, (const uint8_t *)engine_input(i), model_info.inputs[i].bytes);
    }
    return crc;
}

enum { PART_HEADER_BYTES = 8 }; /* offset, CRC-32 of all inputs */

/* A part is taken where it continues what is there; the answer says how far that is. The last part runs the
 * inference. The host sends parts of one request alone at a time, and none before it has the answer to the one
 * before, so that the outputs of that may be overwritten. */
static void answer_part(const struct frame *request, struct execution *last,
                        struct assembly *assembly) {
    const uint32_t whole = request_input_bytes();
    if (request->body_bytes <= PART_HEADER_BYTES) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "PART has no bytes");
        return;
    }
    const uint32_t offset = frame_get_u32(request->body),
                   input_crc = frame_get_u32(request->body + 4);
    const uint32_t count = (uint32_t)request->body_bytes - PART_HEADER_BYTES;
    if (offset > whole || count > whole - offset) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "the model's inputs end before");
        return;
    }
    if (is_last(last, request->sequence, input_crc)) {
        answer_result(last);
        return;
    }
    const int32_t ahead = (int32_t)(request->sequence - assembly->sequence);
    if (!is_due(last, request->sequence) || (assembly->valid && ahead < 0)) {
        return; /* a late copy of an earlier part */
    }
    if (!assembly->valid || assembly->sequence != request->sequence ||
        assembly->input_crc != input_crc) {
        *assembly = (struct assembly){1, request->sequence, input_crc, 0};
    }
    if (offset == assembly->received) {
        last->whole = 0;
        write_part(offset, request->body + PART_HEADER_BYTES, count);
        assembly->received += count;
    }
    if (assembly->received == whole) {
        assembly->valid = 0;
        if (crc_of_inputs() == input_crc) {
            execute(request->sequence, input_crc, last);
            return;
        }
        assembly->received = 0;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_PART_REPLY, request->sequence);
    frame_put_u32(&writer, assembly->received);
    frame_end(&writer);
}

/* A piece of the outputs of the last request. */
static void answer_fetch(const struct frame *request, const struct execution *last) {
    if (request->body_bytes != 8) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "FETCH has a body of eight bytes");
        return;
    }
    uint32_t offset = frame_get_u32(request->body), count = frame_get_u32(request->body + 4);
    const uint32_t whole = request_output_bytes();
    if (count > PROTOCOL_MAX_READ || offset > whole || count > whole - offset) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "the outputs end before");
        return;
    }
    if (!last->valid || !last->whole || last->sequence != request->sequence) {
        request_error(ERROR_OUT_OF_ORDER, request->sequence, "its outputs are gone");
        return;
    }
    struct frame_writer writer;
    request_answer(&writer, FRAME_FETCHED, request->sequence);
    frame_put_u32(&writer, last->input_crc);
    frame_put_u32(&writer, last->ticks);
    frame_put_u32(&writer, offset);
    for (int i = 0; i < model_info.output_count && count > 0; ++i) {
        const uint32_t bytes = model_info.outputs[i].bytes;
        if (offset < bytes) {
            const uint32_t piece = count < bytes - offset ? count : bytes - offset;
            frame_put(&writer, engine_output(i) + offset, piece);
            count -= piece;
            offset = 0;
        } else {
            offset -= bytes;
        }
    }
    frame_end(&writer);
}

/* What the board remembers between two requests. */
struct memory {
    struct execution last;
    uint32_t reset_token;
    struct assembly assembly;
};

static int is_known(uint8_t type) {
    switch (type) {
        case FRAME_HELLO:
        case FRAME_INFER:
        case FRAME_RESET:
        case FRAME_PART:
        case FRAME_FETCH:
            return 1;
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
    const int inspects = engine_inspection != NULL && engine_inspection->knows(request->type);
    if (!is_known(request->type) && !inspects) {
        request_error(ERROR_UNKNOWN_TYPE, request->sequence,
                      "this firmware does not know the request, or shows no layers");
    } else if (engine_fault != NULL) {
        request_error(ERROR_ENGINE_FAILED, request->sequence, engine_fault);
    } else if (inspects) {
        memory->last.whole &= request->type == FRAME_READ; /* else its outputs may be gone */
        memory->assembly.valid = 0;
        engine_inspection->answer(request);
    } else if (request->type == FRAME_INFER) {
        memory->assembly.valid = 0;
        answer_infer(request, &memory->last);
    } else if (request->type == FRAME_PART) {
        answer_part(request, &memory->last, &memory->assembly);
    } else if (request->type == FRAME_FETCH) {
        answer_fetch(request, &memory->last);
    } else if (request->type == FRAME_RESET) {
        memory->assembly.valid = 0;
        answer_reset(request, &memory->last, &memory->reset_token);
    } else if (request->body_bytes != 0) {
        request_error(ERROR_WRONG_LENGTH, request->sequence, "HELLO has no body");
    } else {
        memory->assembly.valid = 0; /* a new session, whose numbers begin anywhere */
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
                    request_error(ERROR_BAD_FRAME, 0, "cut short");
                    break;
                case DECODED_TOO_LONG:
                    request_error(ERROR_BAD_FRAME, 0, "longer than the largest body");
                    break;
                case DECODED_WRONG_CRC:
                    request_error(ERROR_BAD_FRAME, 0, "wrong CRC-32");
                    break;
            }
        }
    }
}
