/* What the programs that tests/kernel_runner.py writes read and write: requests from stdin, outputs to stdout,
 * until stdin ends. Every array has exactly its size on the heap, so that a sanitizer sees the first byte too
 * far. */
#ifndef KERNEL_REQUESTS_H
#define KERNEL_REQUESTS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ARRAYS = 64 };
static void *arrays[MOST_ARRAYS];
static int array_count;
static int32_t last_length; /* of the array read last */

static inline void read_bytes(void *bytes, size_t count) {
    if (fread(bytes, 1, count, stdin) != count) {
        exit(2);
    }
}

static inline int32_t read_integer(void) {
    int32_t value;
    read_bytes(&value, sizeof value);
    return value;
}

static inline float read_float(void) {
    float value;
    read_bytes(&value, sizeof value);
    return value;
}

static inline void *new_array(int32_t bytes) {
    void *array = malloc((size_t)bytes);
    arrays[array_count++] = array;
    return array;
}

/* int32 length in bytes, -1 for NULL, then the bytes. */
static inline void *read_array(void) {
    const int32_t length = read_integer();
    if (length < 0) {
        return NULL;
    }
    last_length = length;
    void *array = new_array(length);
    read_bytes(array, (size_t)length);
    return array;
}

static inline void answer(const void *bytes, int32_t count) {
    fwrite(bytes, 1, (size_t)count, stdout);
}

static inline void end_request(void) {
    fflush(stdout);
    while (array_count > 0) {
        free(arrays[--array_count]);
    }
}

#endif
