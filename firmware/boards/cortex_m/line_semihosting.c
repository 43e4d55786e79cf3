/* The semihosting console as the line. Start the emulator with
 *     -chardev pty,id=c0 -semihosting-config enable=on,target=native,chardev=c0
 *
 * SYS_READ and SYS_WRITE do not reach this console: ":tt" opened with SYS_OPEN is the emulator's
 * own standard input and output. So bytes are read one at a time. */
#include "line.h"
#include "semihosting.h"

void line_start(void) {
}

/* Where SYS_READC leaves its byte depends on the emulator's version. QEMU to 7.1 returns it in r0.
 * Later ones write it to the byte below the stack pointer and return that byte; but 7.2 reads it
 * back before it is written, and so returns what was there before. With a zero there before, r0 or
 * memory holds the byte and the other one holds it too or is zero. */
static uint8_t read_byte(void) {
    register uintptr_t r0 __asm__("r0") = SYS_READC;
    register uintptr_t r1 __asm__("r1") = 0;
    __asm__ volatile(
        "strb r1, [sp, #-1]\n\t"
        "bkpt 0xAB\n\t"
        "ldrb r1, [sp, #-1]\n\t"
        "orrs r0, r0, r1"
        : "+r"(r0), "+r"(r1)
        :
        : "memory", "cc");
    return (uint8_t)r0;
}

size_t line_read(uint8_t *bytes, size_t capacity) {
    (void)capacity;
    bytes[0] = read_byte();
    return 1;
}

/* A call is a system call of the emulator and wakes the host. Bytes between two zero bytes, which
 * is most of a frame, leave as text in one. */
void line_write(const uint8_t *bytes, size_t count) {
    size_t i = 0;
    while (i < count) {
        if (bytes[i] == 0) {
            semihosting(SYS_WRITEC, (uintptr_t)&bytes[i++]);
            continue;
        }
        uint8_t text[65];
        size_t length = 0;
        while (i < count && bytes[i] != 0 && length < sizeof text - 1) {
            text[length++] = bytes[i++];
        }
        text[length] = 0;
        semihosting(SYS_WRITE0, (uintptr_t)text);
    }
}
