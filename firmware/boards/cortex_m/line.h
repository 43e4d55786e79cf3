/* The two lines of an emulated board; LINK chooses which one is built in. As in board.h: line_read
 * waits for at least one byte, line_write until everything is sent. */
#ifndef THIMBLE_LINE_H
#define THIMBLE_LINE_H

#include <stddef.h>
#include <stdint.h>

void line_start(void);
size_t line_read(uint8_t *bytes, size_t capacity);
void line_write(const uint8_t *bytes, size_t count);

#endif
