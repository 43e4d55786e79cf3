/* An engine of known cost for the bare image: input byte 0 says what to do, bytes 1 to 4 (u32) how
 * much. */
#include <string.h>

#include "engine.h"
#include "model_info.h"

enum { EXECUTE = 0, USE_STACK = 1, UNDEFINED_INSTRUCTION = 2, BAD_ADDRESS = 3, REFUSE = 4 };

const char engine_name[] = "probe";
const struct engine_inspection *const engine_inspection = NULL;

static int8_t input[MODEL_INPUT_BYTES];
static int8_t output[MODEL_OUTPUT_BYTES];

/* 2 * rounds instructions. */
static void execute(uint32_t rounds) {
    __asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+r"(rounds) : : "cc");
}

/* Touches the stack down to `bytes` below the caller's, then gives it back. */
static void use_stack(uint32_t bytes) {
    __asm__ volatile(
        "mov r1, sp\n\t"
        "1: push {r1}\n\t"
        "subs %0, %0, #4\n\t"
        "bne 1b\n\t"
        "mov sp, r1"
        : "+r"(bytes)
        :
        : "r1", "cc", "memory");
}

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
    uint32_t amount;
    memcpy(&amount, input + 1, sizeof amount);
    switch (input[0]) {
        case EXECUTE:
            execute(amount);
            break;
        case USE_STACK:
            use_stack(amount);
            break;
        case UNDEFINED_INSTRUCTION:
            __asm__ volatile("udf #0");
            break;
        case BAD_ADDRESS:
            *(volatile uint32_t *)0x90000000 = amount;
            break;
        case REFUSE:
            return "the input asked the probe to refuse";
    }
    memcpy(output, input, sizeof output);
    return NULL;
}

const int8_t *engine_output(int index) {
    (void)index;
    return output;
}
