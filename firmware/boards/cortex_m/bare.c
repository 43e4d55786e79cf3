/* The bare image: start-up, engine, model and a loop over inputs, without protocol. What it
 * needs of flash and RAM is what the engine and the model need.
 *
 * In the emulator's working directory it reads inputs.bin (whole inputs, one after another) and
 * writes outputs.bin (as many outputs) and figures.bin (struct figures, little-endian). It ends with
 * exit code 0, or with 1 and a line that says why. */
#include "engine.h"
#include "model_info.h"
#include "semihosting.h"
#include "startup.h"
#include "ticks.h"

struct figures {
    uint32_t inputs;
    uint32_t stack_bytes;  /* the deepest the stack has been, start-up and this loop included */
    uint64_t instructions; /* of all engine_invoke together, counted in steps of 40 or 50 */
};

__attribute__((noreturn)) static void fail(const char *text) {
    semihosting_print("bare: ");
    semihosting_print(text);
    semihosting_print("\n");
    semihosting_exit(1);
}

#define OPEN(name, mode) open_file(name, sizeof name - 1, mode)
static uintptr_t open_file(const char *name, size_t length, uintptr_t mode) {
    const uintptr_t arguments[3] = {(uintptr_t)name, mode, length};
    int32_t file = semihosting(SYS_OPEN, (uintptr_t)arguments);
    if (file == -1) {
        fail("cannot open inputs.bin, outputs.bin or figures.bin");
    }
    return (uintptr_t)file;
}

/* Both operations answer with how many bytes are missing. */
static uint32_t read_file(uintptr_t file, void *bytes, uint32_t count) {
    const uintptr_t arguments[3] = {file, (uintptr_t)bytes, count};
    return count - (uint32_t)semihosting(SYS_READ, (uintptr_t)arguments);
}

static void write_file(uintptr_t file, const void *bytes, uint32_t count) {
    const uintptr_t arguments[3] = {file, (uintptr_t)bytes, count};
    if (semihosting(SYS_WRITE, (uintptr_t)arguments) != 0) {
        fail("cannot write outputs.bin or figures.bin");
    }
}

static void check(const char *engine_fault) {
    if (engine_fault != NULL) {
        fail(engine_fault);
    }
}

/* The bytes of all inputs of one inference; 0 where the file ends before them. */
static int read_inputs(uintptr_t file) {
    static const uint32_t sizes[] = {MODEL_INPUT_SIZES};
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); ++i) {
        const uint32_t bytes = sizes[i];
        const uint32_t count = read_file(file, engine_input(i), bytes);
        if (i == 0 && count == 0) {
            return 0;
        }
        if (count != bytes) {
            fail("inputs.bin ends in the middle of an input");
        }
    }
    return 1;
}

static const uint32_t output_sizes[] = {MODEL_OUTPUT_SIZES};

int main(void) {
    struct figures figures = {0, 0, 0};
    uintptr_t inputs = OPEN("inputs.bin", OPEN_RB);
    uintptr_t outputs = OPEN("outputs.bin", OPEN_WB);
    ticks_start();
    check(engine_init());

    while (read_inputs(inputs)) {
        uint32_t start = ticks();
        const char *engine_fault = engine_invoke();
        figures.instructions += ticks() - start;
        check(engine_fault);
        for (int i = 0; i < (int)(sizeof output_sizes / sizeof *output_sizes); ++i) {
            write_file(outputs, engine_output(i), output_sizes[i]);
        }
        ++figures.inputs;
    }
    figures.stack_bytes = peak_stack_bytes();
    write_file(OPEN("figures.bin", OPEN_WB), &figures, sizeof figures);
    return 0;
}
