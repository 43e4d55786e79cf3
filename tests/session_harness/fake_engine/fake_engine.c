/* An engine whose answer a test can compute by itself, and which shows any byte that is wrong,
 * missing or out of place: output i is a polynomial hash, modulo 256, of the input's bytes i, i +
 * 10, i + 20, ...
 *
 * With a model that has a state the first output is greater by the number of inferences since the last reset.
 * An input that begins with "FAIL" makes it fail. Built with FAKE_ENGINE_FAULT it does not start.
 */
#include <string.h>

#include "engine.h"
#include "model_info.h"

const char engine_name[] = "fake";
const struct engine_inspection *const engine_inspection = NULL;

static int8_t input[MODEL_INPUT_BYTES];
static int8_t output[MODEL_OUTPUT_BYTES];
static uint8_t inferences; /* since the last reset */

const char *engine_init(void) {
#ifdef FAKE_ENGINE_FAULT
    return "the fake engine was built to fail";
#else
    return NULL;
#endif
}

void engine_reset(void) {
    inferences = 0;
}

int8_t *engine_input(int index) {
    (void)index;
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
    ++inferences;
    if (model_info.stateful) {
        output[0] = (int8_t)(uint8_t)((uint8_t)output[0] + inferences);
    }
    memset(input, 0x77, sizeof input); /* an engine may use its input's memory for something else */
    return NULL;
}

const int8_t *engine_output(int index) {
    (void)index;
    return output;
}
