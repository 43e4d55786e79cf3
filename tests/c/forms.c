/* Runs many generated networks on the emulated board: for each one INPUTS inputs from inputs.bin,
 * the outputs to outputs.bin and the instructions of all its inferences (uint32) to
 * instructions.bin. */
#include "forms.h"

#include "semihosting.h"
#include "ticks.h"

#define OPEN(name, mode) open_file(name, sizeof name - 1, mode)
static uintptr_t open_file(const char *name, uintptr_t length, uintptr_t mode) {
    const uintptr_t arguments[3] = {(uintptr_t)name, mode, length};
    const int32_t file = semihosting(SYS_OPEN, (uintptr_t)arguments);
    if (file == -1) {
        semihosting_print("forms: cannot open a file\n");
        semihosting_exit(1);
    }
    return (uintptr_t)file;
}

static void transfer(enum semihosting_operation operation, uintptr_t file, const void *bytes,
                     uint32_t count) {
    const uintptr_t arguments[3] = {file, (uintptr_t)bytes, count};
    if (semihosting(operation, (uintptr_t)arguments) != 0) {
        semihosting_print("forms: a file is too short or cannot be written\n");
        semihosting_exit(1);
    }
}

int main(void) {
    const uintptr_t inputs = OPEN("inputs.bin", OPEN_RB);
    const uintptr_t outputs = OPEN("outputs.bin", OPEN_WB);
    const uintptr_t counts = OPEN("instructions.bin", OPEN_WB);
    ticks_start();
    for (uint32_t i = 0; i < network_count; i++) {
        const struct network *network = &networks[i];
        uint32_t instructions = 0;
        network->reset();
        for (uint32_t input = 0; input < INPUTS; input++) {
            for (int part = 0; network->input_bytes[part] > 0; part++) {
                transfer(SYS_READ, inputs, network->input(part), network->input_bytes[part]);
            }
            const uint32_t start = ticks();
            network->invoke();
            instructions += ticks() - start;
            for (int part = 0; network->output_bytes[part] > 0; part++) {
                transfer(SYS_WRITE, outputs, network->output(part), network->output_bytes[part]);
            }
        }
        transfer(SYS_WRITE, counts, &instructions, sizeof instructions);
    }
    semihosting_exit(0);
}
