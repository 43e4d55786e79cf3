/* Runs many generated networks on the host: for each one INPUTS inputs from stdin, the outputs to
 * stdout. */
#include <stdio.h>

#include "forms.h"

int main(void) {
    for (uint32_t i = 0; i < network_count; i++) {
        const struct network *network = &networks[i];
        for (uint32_t input = 0; input < INPUTS; input++) {
            if (fread(network->input(), 1, network->input_bytes, stdin) != network->input_bytes) {
                return 1;
            }
            network->invoke();
            fwrite(network->output(), 1, network->output_bytes, stdout);
        }
    }
    return 0;
}
