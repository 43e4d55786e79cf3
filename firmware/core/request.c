#include "request.h"

#include <string.h>

#include "../board.h"
#include "../engine.h"

void request_answer(struct frame_writer *writer, enum frame_type type, uint32_t sequence) {
    frame_begin(writer, board_write, (uint8_t)type, sequence);
}

void request_error(enum error_code code, uint32_t sequence, const char *text) {
    struct frame_writer writer;
    const size_t length = strlen(text), most = PROTOCOL_MAX_ERROR_TEXT;
    request_answer(&writer, FRAME_ERROR, sequence);
    frame_put_u8(&writer, (uint8_t)code);
    frame_put(&writer, text, length < most ? length : most);
    frame_end(&writer);
}

static uint32_t bytes_of(const struct tensor_info *tensors, int count) {
    uint32_t bytes = 0;
    for (int i = 0; i < count; ++i) {
        bytes += tensors[i].bytes;
    }
    return bytes;
}

uint32_t request_input_bytes(void) {
    return bytes_of(model_info.inputs, model_info.input_count);
}

uint32_t request_output_bytes(void) {
    return bytes_of(model_info.outputs, model_info.output_count);
}

void request_write_inputs(const uint8_t *bytes) {
    for (int i = 0; i < model_info.input_count; ++i) {
        memcpy(engine_input(i), bytes, model_info.inputs[i].bytes);
        bytes += model_info.inputs[i].bytes;
    }
}

int request_holds_inputs(const struct frame *request) {
    if (request->body_bytes == request_input_bytes()) {
        return 1;
    }
    request_error(ERROR_WRONG_LENGTH, request->sequence,
                  "the body is not as long as the model's inputs");
    return 0;
}
