/* The emulated MPS2 AN386 as the session's board. */
#include "board.h"

#include "core/protocol.h"
#include "line.h"
#include "ticks.h"

/* Either line holds the host back while the board computes, so nothing in flight is lost. */
const struct board_info board_info = {"qemu", TICK_UNIT_INSTRUCTION, 1000000000, 4};

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
