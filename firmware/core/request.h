/* What every answer to a request is made of. */
#ifndef THIMBLE_REQUEST_H
#define THIMBLE_REQUEST_H

#include <stdint.h>

#include "frame.h"
#include "protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begin an answer; frame_put and frame_end follow. */
void request_answer(struct frame_writer *writer, enum frame_type type, uint32_t sequence);

/* Answer with an error and a text of ASCII, of which the first PROTOCOL_MAX_ERROR_TEXT bytes are sent. */
void request_error(enum error_code code, uint32_t sequence, const char *text);

/* Bytes of all the model's inputs, and of all its outputs. */
uint32_t request_input_bytes(void);
uint32_t request_output_bytes(void);

/* Whether the body is as long as the model's inputs; an error is answered where it is not. */
int request_holds_inputs(const struct frame *request);

/* Write all the model's inputs, which lie one behind the other in `bytes`. */
void request_write_inputs(const uint8_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
