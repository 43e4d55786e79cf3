/* The Arduino Nano 33 BLE: an nRF52840, a Cortex-M4F at 64 MHz, under the core arduino:mbed_nano.
 */
#include <Arduino.h>
#include <nrf.h>

#include "../../board.h"
#include "../../core/protocol.h"
#include "board_config.h"
#include "line.h" /* line_usb.h or line_uart.h, copied under this name into the sketch */

const struct board_info board_info = {BOARD_NAME, BOARD_TICK_UNIT, BOARD_TICK_HZ,
                                      LINE_FRAMES_IN_FLIGHT};

/* The RGB light's three pins; low is on. */
static void light(pin_size_t lit) {
    digitalWrite(LEDR, lit == LEDR ? LOW : HIGH);
    digitalWrite(LEDG, lit == LEDG ? LOW : HIGH);
    digitalWrite(LEDB, lit == LEDB ? LOW : HIGH);
}

void board_start(void) {
    pinMode(LEDR, OUTPUT);
    pinMode(LEDG, OUTPUT);
    pinMode(LEDB, OUTPUT);

    /* Code and weights are read from flash, which has wait states; its cache is off at reset. */
    NRF_NVMC->ICACHECNF = NVMC_ICACHECNF_CACHEEN_Enabled << NVMC_ICACHECNF_CACHEEN_Pos;

    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CYCCNT = 0;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;

    line.begin(LINE_BAUD);
}

size_t board_read(uint8_t *bytes, size_t capacity) {
    int waiting;
    do {
        waiting = line.available();
    } while (waiting <= 0);
    /* The core takes a lock for each call, so it is asked once how many bytes there are. */
    size_t count = (size_t)waiting < capacity ? (size_t)waiting : capacity;
    for (size_t i = 0; i < count; ++i) {
        bytes[i] = (uint8_t)line.read();
    }
    return count;
}

void board_write(const uint8_t *bytes, size_t count) {
    while (count > 0) {
        size_t piece = count < LINE_PIECE_BYTES ? count : LINE_PIECE_BYTES;
        line.write(bytes, piece); /* drops the bytes while no host has the port open */
        bytes += piece;
        count -= piece;
    }
}

uint32_t board_ticks(void) {
    return DWT->CYCCNT;
}

void board_show(enum board_state state) {
    light(state == BOARD_FAILED ? LEDR : state == BOARD_COMPUTING ? LEDB : LEDG);
}
