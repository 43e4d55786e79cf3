/* The table of networks that tests/many_networks.py generates. */
#ifndef FORMS_H
#define FORMS_H

#include <stdint.h>

struct network {
    void (*reset)(void);
    int8_t *(*input)(int index);
    void (*invoke)(void);
    const int8_t *(*output)(int index);
    const uint32_t *input_bytes, *output_bytes; /* of each, 0 behind the last */
};

extern const struct network networks[];
extern const uint32_t network_count;

#endif
