/* engine.h over the C that bakenn generated for a model named `model`. */
#include <stddef.h>

#include "bknn_model.h"
#include "engine.h"

static _Alignas(BKNN_MODEL_ARENA_ALIGNMENT) uint8_t arena[BKNN_MODEL_ARENA_SIZE];
static _Alignas(4) int8_t input[BKNN_MODEL_INPUT_BYTES];
static _Alignas(4) int8_t output[BKNN_MODEL_OUTPUT_BYTES];

const char engine_name[] = "bakenn";
const struct engine_inspection *const engine_inspection = NULL;

const char *engine_init(void) {
    return NULL;
}

void engine_reset(void) {
}

int8_t *engine_input(int index) {
    (void)index;
    return input;
}

const char *engine_invoke(void) {
    bknn_model_infer(arena, input, output);
    return NULL;
}

const int8_t *engine_output(int index) {
    (void)index;
    return output;
}
