/* What the Arduino Nano 33 BLE leaves to a sketch: the core's upload.maximum_size and
 * upload.maximum_data_size. */
#ifndef THIMBLE_BOARD_MEMORY_H
#define THIMBLE_BOARD_MEMORY_H

enum { BOARD_FLASH_BYTES = 983040, BOARD_RAM_BYTES = 262144 };

#endif
