/* What the firmware runs on: the interface between the session (core/) and a board (boards/...). */
#ifndef THIMBLE_BOARD_H
#define THIMBLE_BOARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct board_info {
    const char *name;         /* ASCII: "qemu", "native", "nano33ble" */
    uint8_t tick_unit;        /* enum tick_unit of core/protocol.h */
    uint32_t tick_hz;         /* ticks of board_ticks a second */
    uint8_t frames_in_flight; /* requests the line holds back without loss while one is computed */
};
extern const struct board_info board_info;

/* Clocks, counters and the line. Called once, before anything else. */
void board_start(void);

/* Wait for bytes from the host and copy at most `capacity` of them. Returns how many, at least 1;
 * 0 when the line is closed for good (a process whose pty went away). */
size_t board_read(uint8_t *bytes, size_t capacity);

/* Send `count` bytes, waiting as long as the line holds them back. */
void board_write(const uint8_t *bytes, size_t count);

/* A free-running counter; differences are taken modulo 2^32. */
uint32_t board_ticks(void);

/* What the firmware is doing, for boards with a light; others ignore it. */
enum board_state { BOARD_WAITING, BOARD_COMPUTING, BOARD_FAILED };
void board_show(enum board_state state);

#ifdef __cplusplus
}
#endif

#endif
