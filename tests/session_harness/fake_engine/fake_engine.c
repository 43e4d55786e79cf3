/* An engine whose answer a test can compute by itself, and which shows any byte that is wrong,
 * missing or out of place: output i is a polynomial hash, modulo 256, of the input's bytes i, i +
 * 10, i + 20, ...
 *
 * An input that begins with "FAIL" makes it fail. Built with FAKE_ENGINE_FAULT it does not start.
 */
#include <string.h>

#include "engine.h"
#include "model_info.h"

const char engine_name[] = "fake";

static int8_t input[MODEL_INPUT_BYTES];
static int8_t output[MODEL_OUTPUT_BYTES];

const char *engine_init(void) {
#ifdef FAKE_ENGINE_FAULT
    return "the fake engine was built to fail";
#else
    return NULL;
#endif
}

int8_t *engine_input(void) {
    return input;
}

const char *engine_invoke(void) {
    if (memcmp(input, "FAIL", 4) == 0) {
        return "the input asked the fake engine to fail";
    }
    for (int i = 0; i < MODEL_OUTPUT_BYTES; ++i) {
        uint8_t hash = 0x5A;
        for (int j = i; j < MODEL_INPUT_BYTES; j += MODEL_OUTPUT_BYTES) {
            hash = (uint8_t)(hash * 31 + (uint8_t)input[j]);
        }
        output[i] = (int8_t)hash;
    }
    memset(input, 0x77, sizeof input); /* an engine may use its input's memory for something else */
    return NULL;
}

const int8_t *engine_output(void) {
    return output;
}
