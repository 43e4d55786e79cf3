/* UART0 as the line, polled. Start the emulator with `-serial pty`. The emulated line waits for as
 * long as the receive register is full, so nothing is lost while the board computes. */
#include "board_config.h"
#include "line.h"

/* CMSDK UART (Arm's Cortex-M System Design Kit). */
#define UART_DATA (*(volatile uint32_t *)(BOARD_UART + 0x0))
#define UART_STATE (*(volatile uint32_t *)(BOARD_UART + 0x4))
#define UART_CTRL (*(volatile uint32_t *)(BOARD_UART + 0x8))
#define UART_BAUDDIV (*(volatile uint32_t *)(BOARD_UART + 0x10))

enum { STATE_TRANSMIT_FULL = 1, STATE_RECEIVE_FULL = 2 };
enum { CTRL_TRANSMIT_ENABLE = 1, CTRL_RECEIVE_ENABLE = 2 };

void line_start(void) {
    UART_BAUDDIV = 16; /* the smallest divisor, hence the fastest line */
    UART_CTRL = CTRL_TRANSMIT_ENABLE | CTRL_RECEIVE_ENABLE;
}

size_t line_read(uint8_t *bytes, size_t capacity) {
    while (!(UART_STATE & STATE_RECEIVE_FULL)) {
    }
    size_t count = 0;
    while (count < capacity && (UART_STATE & STATE_RECEIVE_FULL)) {
        bytes[count++] = (uint8_t)UART_DATA;
    }
    return count;
}

void line_write(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        while (UART_STATE & STATE_TRANSMIT_FULL) {
        }
        UART_DATA = bytes[i];
    }
}
