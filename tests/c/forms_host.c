/* Runs many generated networks on the host: for each one INPUTS inputs from stdin, the outputs to
 * stdout. */
#include <stdio.h>

#include "forms.h"

int main(void) {
    for (uint32_t i = 0; i < network_count; i++) {
        const struct network *network = &networks[i];
        network->reset();
        for (uint32_t input = 0; input < INPUTS; input++) {
            for (int part = 0; network->input_bytes[part] > 0; part++) {
                const uint32_t bytes = network->input_bytes[part];
                if (fread(network->input(part), 1, bytes, stdin) != bytes) {
                    return 1;
                }
            }
            network->invoke();
            for (int part = 0; network->output_bytes[part] > 0; part++) {
                fwrite(network->output(part), 1, network->output_bytes[part], stdout);
            }
        }
    }
    return 0;
}
