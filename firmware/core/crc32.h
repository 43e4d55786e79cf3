/* CRC-32 as zlib computes it: polynomial 0x04C11DB7, reflected, initial value and final XOR
 * 0xFFFFFFFF. */
#ifndef THIMBLE_CRC32_H
#define THIMBLE_CRC32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The CRC-32 of everything that gave `crc`, followed by `bytes`. The CRC-32 of nothing is 0. */
uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
