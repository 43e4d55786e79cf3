/* The table of networks that tests/many_networks.py generates. */
#ifndef FORMS_H
#define FORMS_H

#include <stdint.h>

struct network {
    int8_t *(*input)(void);
    void (*invoke)(void);
    const int8_t *(*output)(void);
    uint32_t input_bytes, output_bytes;
};

extern const struct network networks[];
extern const uint32_t network_count;

#endif
