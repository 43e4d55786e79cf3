/* From reset to main on a Cortex-M, and from a fault to the emulator's end. */
#include "startup.h"

#include <string.h>

#include "semihosting.h"

/* Addresses that the linker script sets. */
extern uint32_t stack_limit[], stack_top[];
extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];
extern void (*const init_array_start[])(void);
extern void (*const init_array_end[])(void);

int main(void);

#define CPACR (*(volatile uint32_t *)0xE000ED88) /* coprocessor access control */
#define CFSR (*(volatile uint32_t *)0xE000ED28)  /* configurable fault status */

#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9C) /* region base address */
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0) /* region attributes and size */

#if __ARM_ARCH >= 8
/* The core itself watches its stack pointer. */
static void guard_stack(void) {
    __asm__ volatile("msr msplim, %0" ::"r"(stack_limit));
}
#else
/* The stack is the lowest thing in RAM, but what lies below it on these boards swallows every write.
 * Forbid the 32 MB below, so that a stack that grows too far is a fault. */
static void guard_stack(void) {
    const uint32_t use_region_0 = 1u << 4, size_32_mb = 24u << 1, enable = 1, default_map = 1u << 2;
    MPU_RBAR = ((uint32_t)stack_limit - (32u << 20)) | use_region_0;
    MPU_RASR = size_32_mb | enable; /* access permission 0: none */
    MPU_CTRL = default_map | enable;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#endif

static const uint32_t PAINT = 0xC0FFEE5A;

/* Kept out of reset(), so that the painted words lie below a frame that is complete. */
__attribute__((noinline)) static void paint_stack(void) {
    volatile uint32_t *end = (volatile uint32_t *)__builtin_frame_address(0) - 16;
    for (volatile uint32_t *word = stack_limit; word < end; ++word) {
        *word = PAINT;
    }
}

uint32_t peak_stack_bytes(void) {
    const volatile uint32_t *word = stack_limit;
    while (word < stack_top && *word == PAINT) {
        ++word;
    }
    return (uint32_t)((uintptr_t)stack_top - (uintptr_t)word);
}

__attribute__((noreturn)) void reset(void) {
#ifdef __ARM_FP /* the floating-point unit, before the compiler uses one of its registers */
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    memcpy(data_start, data_load, (size_t)((uintptr_t)data_end - (uintptr_t)data_start));
    memset(bss_start, 0, (size_t)((uintptr_t)bss_end - (uintptr_t)bss_start));
    guard_stack();
    paint_stack();
    for (void (*const *constructor)(void) = init_array_start; constructor < init_array_end;
         ++constructor) {
        (*constructor)();
    }
    semihosting_exit((uint32_t)main());
}

/* A fault ends the emulator with code 70 and one line that says where. Zero bytes around it keep it
 * out of the frames when the console is the line. */
__attribute__((noreturn, used)) static void report_fault(uint32_t exception,
                                                         const uint32_t *frame) {
    /* r0-r3, r12, lr, pc, xPSR: what the processor pushed, if the stack had room for it. */
    int readable = frame >= stack_limit && frame + 8 <= stack_top;
    uint32_t values[3] = {exception, readable ? frame[6] : 0, CFSR};
    char text[] = "fault: exception 0x........ at 0x........, fault status 0x........\n";
    char *digit = text;
    for (int i = 0; i < 3; ++i) {
        digit = strchr(digit, '.');
        for (int shift = 28; shift >= 0; shift -= 4) {
            *digit++ = "0123456789abcdef"[(values[i] >> shift) & 15];
        }
    }
    semihosting_print(text);
    semihosting_exit(70);
}

/* Every exception comes here, since the image uses no interrupt. The stack may be what is broken,
 * so the report starts with a fresh one. */
__attribute__((naked)) static void fault(void) {
    __asm__ volatile(
        "mrs r0, ipsr\n\t"
        "mov r1, sp\n\t"
        "ldr r2, =stack_top\n\t"
        "mov sp, r2\n\t"
        "b report_fault\n\t"
        ".ltorg");
}

/* The system exceptions; interrupts stay disabled. */
__attribute__((section(".vectors"), used)) static const void *const VECTORS[16] = {
    stack_top,
    (const void *)reset,
    (const void *)fault,
    (const void *)fault,
    (const void *)fault,
    (const void *)fault,
    (const void *)fault,
    NULL,
    NULL,
    NULL,
    NULL,
    (const void *)fault,
    (const void *)fault,
    NULL,
    (const void *)fault,
    (const void *)fault};
