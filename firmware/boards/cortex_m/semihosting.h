/* Arm semihosting: the emulator does what the image asks for at a BKPT 0xAB (Arm's "Semihosting for
 * AArch32 and AArch64" lists the operations). */
#ifndef THIMBLE_SEMIHOSTING_H
#define THIMBLE_SEMIHOSTING_H

#include <stdint.h>

enum semihosting_operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_READC = 0x07,
    SYS_EXIT_EXTENDED = 0x20
};

/* SYS_OPEN's modes, those of fopen. */
enum { OPEN_RB = 1, OPEN_WB = 5 };

/* `argument` is a value or the address of a block of words, as the operation says. */
static inline int32_t semihosting(enum semihosting_operation operation, uintptr_t argument) {
    register uintptr_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

/* Write text, zero-terminated, to the console: the line of LINK=semihosting, else standard error.
 */
static inline void semihosting_print(const char *text) {
    semihosting(SYS_WRITE0, (uintptr_t)text);
}

/* End the emulator with this exit code. */
__attribute__((noreturn)) static inline void semihosting_exit(uint32_t code) {
    const uint32_t application_exit[2] = {0x20026, code};
    for (;;) {
        semihosting(SYS_EXIT_EXTENDED, (uintptr_t)application_exit);
    }
}

#endif
