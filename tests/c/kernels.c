/* Runs single kernels for tests/kernel_runner.py: requests from stdin, outputs to stdout, until
 * stdin ends. Every array has exactly its size on the heap, so that a sanitizer sees the first byte
 * too far.
 *
 * A request is int32 values and arrays (int32 length in bytes, -1 for NULL, then the bytes): the
 * number of the kernel, the members of its struct in their order, the number of output bytes, and
 * the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conv_2d.h"
#include "fully_connected.h"
#include "max_pool_2d.h"
#include "softmax.h"

static void read_bytes(void *bytes, size_t count) {
    if (fread(bytes, 1, count, stdin) != count) {
        exit(2);
    }
}

static int32_t read_integer(void) {
    int32_t value;
    read_bytes(&value, sizeof value);
    return value;
}

static void read_integers(int32_t *const *targets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        *targets[i] = read_integer();
    }
}
#define READ(...)                             \
    read_integers((int32_t *[]){__VA_ARGS__}, \
                  sizeof((int32_t *[]){__VA_ARGS__}) / sizeof(int32_t *))

static void *read_array(void) {
    const int32_t length = read_integer();
    if (length < 0) {
        return NULL;
    }
    void *array = malloc((size_t)length);
    read_bytes(array, (size_t)length);
    return array;
}

static void read_requantization(struct requantization *r) {
    r->multipliers = read_array();
    r->shifts = read_array();
    READ(&r->per_channel, &r->zero_point, &r->minimum, &r->maximum);
}

static void forget(const void *array) {
    free((void *)(uintptr_t)array);
}

static void forget_requantization(const struct requantization *r) {
    forget(r->multipliers);
    forget(r->shifts);
}

/* The output buffer for the input that follows in stdin. */
struct data {
    int32_t output_bytes;
    int8_t *input, *output;
};

static struct data read_data(void) {
    struct data data;
    data.output_bytes = read_integer();
    data.output = malloc((size_t)data.output_bytes);
    data.input = read_array();
    return data;
}

static void answer(struct data data) {
    fwrite(data.output, 1, (size_t)data.output_bytes, stdout);
    fflush(stdout);
    free(data.input);
    free(data.output);
}

static void run_conv_2d(void) {
    struct conv_2d c;
    READ(&c.input_height, &c.input_width, &c.input_channels, &c.output_height, &c.output_width,
         &c.output_channels, &c.filter_height, &c.filter_width, &c.stride_height, &c.stride_width,
         &c.dilation_height, &c.dilation_width, &c.padding_top, &c.padding_left,
         &c.input_zero_point);
    c.weights = read_array();
    c.bias = read_array();
    read_requantization(&c.requantization);
    struct data data = read_data();
    conv_2d_int8(&c, data.input, data.output);
    answer(data);
    forget(c.weights);
    forget(c.bias);
    forget_requantization(&c.requantization);
}

static void run_fully_connected(void) {
    struct fully_connected f;
    READ(&f.rows, &f.depth, &f.units, &f.input_zero_point);
    f.weights = read_array();
    f.bias = read_array();
    read_requantization(&f.requantization);
    struct data data = read_data();
    fully_connected_int8(&f, data.input, data.output);
    answer(data);
    forget(f.weights);
    forget(f.bias);
    forget_requantization(&f.requantization);
}

static void run_max_pool_2d(void) {
    struct max_pool_2d p;
    READ(&p.input_height, &p.input_width, &p.channels, &p.output_height, &p.output_width,
         &p.window_height, &p.window_width, &p.stride_height, &p.stride_width, &p.padding_top,
         &p.padding_left, &p.minimum, &p.maximum);
    struct data data = read_data();
    max_pool_2d_int8(&p, data.input, data.output);
    answer(data);
}

static void run_softmax(void) {
    struct softmax s;
    READ(&s.rows, &s.depth, &s.multiplier, &s.shift, &s.least_difference);
    struct data data = read_data();
    softmax_int8(&s, data.input, data.output);
    answer(data);
}

int main(void) {
    int32_t kernel;
    while (fread(&kernel, sizeof kernel, 1, stdin) == 1) {
        switch (kernel) {
            case 0:
                run_conv_2d();
                break;
            case 1:
                run_fully_connected();
                break;
            case 2:
                run_max_pool_2d();
                break;
            case 3:
                run_softmax();
                break;
            default:
                return 2;
        }
    }
    return 0;
}
