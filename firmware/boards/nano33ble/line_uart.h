/* The UART at the pins TX and RX, for a USB-UART adapter (LINK=uart). */
#ifndef THIMBLE_LINE_H
#define THIMBLE_LINE_H

#include <Arduino.h>

static auto &line = Serial1;

constexpr unsigned long LINE_BAUD = 115200; /* BAUD of host/ports.py */

/* Nothing holds the host back: what came while the board computes would be lost. */
constexpr uint8_t LINE_FRAMES_IN_FLIGHT = 1;

constexpr size_t LINE_PIECE_BYTES = 256;

#endif
