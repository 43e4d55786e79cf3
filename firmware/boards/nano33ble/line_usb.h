/* USB CDC, the default line (LINK=usb). */
#ifndef THIMBLE_LINE_H
#define THIMBLE_LINE_H

#include <Arduino.h>

static auto &line = Serial;

constexpr unsigned long LINE_BAUD = 115200; /* means nothing over USB */

/* The endpoint holds the host back while the board computes, so nothing in flight is lost. */
constexpr uint8_t LINE_FRAMES_IN_FLIGHT = 2;

/* One less than a packet. A full packet tells the host that more will follow, and the core sends no
 * empty one behind it: the host could keep the end of an answer to itself. */
constexpr size_t LINE_PIECE_BYTES = 63;

#endif
