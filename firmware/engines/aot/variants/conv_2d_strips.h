/* A convolution of any shape with four filters in three accumulators, from weights that stay int8: CONV_2D of
 * TensorFlow Lite, int8.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int8, for each four filters: for each word of a window a word of each of them
 *   ends     int32, for each four filters what their requantisation needs, as in conv_2d_chained.h
 *   output   int8 [output_height][output_width][filters]
 *   scratch  a window's bytes for two positions; the strip; the outputs of the last filters; the patches of a tile;
 *            the padded copy of the input, if there is one; aligned to 4
 *
 * Gives the bits of conv_2d.h by the arithmetic of conv_2d_chained.h. The lanes of four filters, a strip, are made at
 * run time, once for all positions of a tile, whose patches are made before. So a tile's windows are read before its
 * pixels are written: the output may reach into the input as far as codegen/aot/overlap.py says. */
#ifndef THIMBLE_AOT_CONV_2D_STRIPS_H
#define THIMBLE_AOT_CONV_2D_STRIPS_H

#include <stdint.h>
#include <string.h>

#include "arch/cortex_m4.h"
#include "variants/conv_2d_chained.h"

struct thimble_conv_2d_strips {
    struct thimble_conv_2d_chained conv; /* its weights and its assembly are NULL */
    int32_t tile;                        /* positions, even */
    const int8_t *weights;
    const int32_t *ends;
    thimble_chained_positions *positions; /* assembly, or NULL */
    thimble_chained_strip *strip;         /* the same */
    int32_t backward;                     /* 1 to walk from the last tile to the first */
};

/* ---- what the assembly computes, in C ---- */

static inline const int8_t *thimble_strips_strip_in_c(const int8_t *weights, int32_t *strip,
                                                      int32_t words) {
    for (; words > 0; words--, weights += 16, strip += 6) {
        for (int32_t lane = 0; lane < 3; lane++) {
            const int8_t *low = weights + 4 * lane, *high = low + 4;
            for (int32_t odd = 0; odd < 2; odd++) {
                strip[3 * odd + lane] = (int32_t)thimble_halves(low[odd] + 256 * high[odd],
                                                                low[2 + odd] + 256 * high[2 + odd]);
            }
        }
    }
    return weights;
}

static inline void thimble_strips_positions_in_c(const struct thimble_wide_step *step,
                                                 const uint32_t *patches, const int32_t *strip,
                                                 int8_t *first, int8_t *second, int32_t pairs,
                                                 int32_t steps, int32_t pitch) {
    for (; pairs > 0; pairs--, patches += 2 * steps, first += pitch, second += pitch) {
        thimble_chained_in_c(step, patches, strip, first, second, 4, steps);
    }
}

/* ---- the layer ---- */

/* Four filters at the positions of a tile. The outputs of the first one begin at `output`. */
THIMBLE_SPECIALIZED void thimble_strips_filters(const struct thimble_conv_2d_strips *strips,
                                                const uint32_t *patches, const int32_t *strip,
                                                int32_t positions, int32_t pitch, int8_t *output) {
    const int32_t steps = 2 * strips->conv.words;
    /* The last of an odd number stands alone. */
    for (int32_t done = 0; done < positions;) {
        const int32_t pairs = positions - done > 1 ? (positions - done) / 2 : 1;
        const uint32_t *from = patches + done * steps;
        int8_t *first = output + done * pitch;
        int8_t *second = positions - done > 1 ? first + pitch : first;
        if (strips->positions != NULL) {
            strips->positions(from, strip, first, second, pairs, steps, 2 * pitch);
        } else {
            thimble_strips_positions_in_c(&strips->conv.step, from, strip, first, second, pairs,
                                          steps, 2 * pitch);
        }
        done += 2 * pairs;
    }
}

THIMBLE_SPECIALIZED void thimble_conv_2d_strips(const struct thimble_conv_2d_strips *strips,
                                                const int8_t *input, int8_t *output,
                                                void *scratch) {
    const struct thimble_conv_2d_chained *conv = &strips->conv;
    const int32_t words = conv->words;
    const int32_t constants = conv->step.lowered ? 26 : 18; /* of four filters */
    uint32_t *windows = (uint32_t *)scratch;
    int32_t *strip = (int32_t *)windows + 2 * words;
    int8_t *last = (int8_t *)(strip + 6 * words + constants);
    uint32_t *patches = (uint32_t *)(void *)last + (conv->filters % 4 ? strips->tile : 0);
    for (int32_t i = 0; i < 2 * words; i++) {
        windows[i] = 0; /* what fills up a run is multiplied by 0, but is read */
    }
    if (conv->copy.height > 0) {
        int8_t *copy = (int8_t *)(patches + 2 * words * strips->tile);
        thimble_chained_pad(conv, input, copy);
        input = copy;
    }
    const int32_t positions = conv->output_height * conv->output_width;
    const int32_t tiles = (positions + strips->tile - 1) / strips->tile;
    for (int32_t tile = 0; tile < tiles; tile++) {
        const int32_t begin = (strips->backward ? tiles - 1 - tile : tile) * strips->tile;
        const int32_t count = positions - begin < strips->tile ? positions - begin : strips->tile;
        uint32_t *patch = patches;
        for (int32_t i = 0; i < count; i += 2) {
            const int32_t j = i + 1 < count ? i + 1 : i;
            patch = thimble_chained_patches(conv, input, begin + i, begin + j, (int8_t *)windows,
                                            patch);
        }
        const int8_t *weights = strips->weights;
        const int32_t *ends = strips->ends;
        for (int32_t filter = 0; filter < conv->filters; filter += 4, ends += constants) {
            weights = strips->strip != NULL ? strips->strip(weights, strip, words)
                                            : thimble_strips_strip_in_c(weights, strip, words);
            for (int32_t i = 0; i < constants; i++) {
                strip[6 * words + i] = ends[i];
            }
            const int32_t left = conv->filters - filter;
            int8_t *pixels = output + begin * conv->filters + filter;
            if (left >= 4) {
                thimble_strips_filters(strips, patches, strip, count, conv->filters, pixels);
                continue;
            }
            thimble_strips_filters(strips, patches, strip, count, 4, last);
            for (int32_t i = 0; i < count; i++) {
                for (int32_t j = 0; j < left; j++) {
                    pixels[i * conv->filters + j] = last[4 * i + j];
                }
            }
        }
    }
}

#endif
