/* An emulated Cortex-M as the session's board. */
#include "board.h"

#include "board_config.h"

#include "core/protocol.h"
#include "line.h"
#include "ticks.h"

/* Either line holds the host back while the board computes, so nothing in flight is lost. */
const struct board_info board_info = {BOARD_NAME, BOARD_TICK_UNIT, BOARD_TICK_HZ, 4};

void board_start(void) {
    ticks_start();
    line_start();
}

size_t board_read(uint8_t *bytes, size_t capacity) {
    return line_read(bytes, capacity);
}

void board_write(const uint8_t *bytes, size_t count) {
    line_write(bytes, count);
}

uint32_t board_ticks(void) {
    return ticks();
}

void board_show(enum board_state state) {
    (void)state;
}
