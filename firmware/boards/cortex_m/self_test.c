/* Runs the self-test of an exported library (examples/self_test) in the emulator: PASS, or what differs, on its console;
 * the emulator ends with 0 or 1. */
#include "self_test.h"

#include "semihosting.h"

static void print_number(int32_t number) {
    char digits[12];
    char *first = digits + sizeof digits - 1;
    uint32_t rest = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
    *first = 0;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--first = '-';
    }
    semihosting_print(first);
}

int main(void) {
    const struct self_test_result result = self_test();
    if (result.at < 0) {
        semihosting_print("PASS\n");
        semihosting_exit(0);
    }
    semihosting_print("FAIL: output byte ");
    print_number(result.at);
    semihosting_print(" is ");
    print_number(result.given);
    semihosting_print(", not ");
    print_number(result.expected);
    semihosting_print("\n");
    semihosting_exit(1);
}
