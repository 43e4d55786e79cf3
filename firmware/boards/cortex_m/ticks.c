#include "ticks.h"

#include "board_config.h"

/* CMSDK TIMER0 (Arm's Cortex-M System Design Kit): a 32-bit counter that counts down to 0 and
 * reloads. */
#define TIMER_CTRL (*(volatile uint32_t *)(BOARD_TIMER + 0x0))
#define TIMER_VALUE (*(volatile uint32_t *)(BOARD_TIMER + 0x4))
#define TIMER_RELOAD (*(volatile uint32_t *)(BOARD_TIMER + 0x8))

enum { INSTRUCTIONS_PER_COUNT = BOARD_TICK_HZ / BOARD_TIMER_HZ };

void ticks_start(void) {
    TIMER_RELOAD = 0xFFFFFFFF;
    TIMER_VALUE = 0xFFFFFFFF;
    TIMER_CTRL = 1;
}

uint32_t ticks(void) {
    return (0xFFFFFFFF - TIMER_VALUE) * INSTRUCTIONS_PER_COUNT;
}
