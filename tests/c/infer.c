/* Runs an engine on the host: inputs from stdin, one after another, outputs to stdout. */
#include <stdio.h>

#include "engine.h"

/* The bytes of all inputs of one inference. */
static int read_inputs(void) {
    for (int i = 0; i < model_info.input_count; ++i) {
        const uint32_t bytes = model_info.inputs[i].bytes;
        if (fread(engine_input(i), 1, bytes, stdin) != bytes) {
            return 0;
        }
    }
    return 1;
}

int main(void) {
    if (engine_init() != NULL) {
        return 1;
    }
    while (read_inputs()) {
        if (engine_invoke() != NULL) {
            return 1;
        }
        for (int i = 0; i < model_info.output_count; ++i) {
            fwrite(engine_output(i), 1, model_info.outputs[i].bytes, stdout);
        }
    }
    return 0;
}
