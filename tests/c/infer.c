/* Runs an engine on the host: inputs from stdin, one after another, outputs to stdout. */
#include <stdio.h>

#include "engine.h"

int main(void) {
    if (engine_init() != NULL) {
        return 1;
    }
    while (fread(engine_input(), 1, model_info.input.bytes, stdin) == model_info.input.bytes) {
        if (engine_invoke() != NULL) {
            return 1;
        }
        fwrite(engine_output(), 1, model_info.output.bytes, stdout);
    }
    return 0;
}
