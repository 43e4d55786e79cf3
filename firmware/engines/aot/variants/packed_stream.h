/* The operands of conv_pool_packed.h in the order in which they are multiplied: the stream of
 * activations and, where it is expanded, one filter's weights. */
#ifndef THIMBLE_AOT_PACKED_STREAM_H
#define THIMBLE_AOT_PACKED_STREAM_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "variants/packed_layout.h"

/* ---- activations ---- */

THIMBLE_SPECIALIZED int8_t *thimble_packed_fill(int8_t *to, int32_t bytes, int32_t value) {
    for (; bytes > 0; bytes--) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* `input` with zero points around it, and without what no output needs. */
THIMBLE_SPECIALIZED void thimble_packed_pad(const struct thimble_conv_pool_packed *conv,
                                            const int8_t *input, int8_t *padded) {
    const int32_t pitch = conv->padded_width * conv->channels;
    const int32_t left = conv->padding_left * conv->channels;
    const int32_t row_bytes = conv->input_width * conv->channels;
    const int32_t used = row_bytes < pitch - left ? row_bytes : pitch - left;
    padded = thimble_packed_fill(padded, conv->padding_top * pitch, conv->padding_value);
    int32_t y = conv->padding_top;
    for (; y < conv->padded_height && y - conv->padding_top < conv->input_height; y++) {
        padded = thimble_packed_fill(padded, left, conv->padding_value);
        int32_t i = 0;
        for (; i < used - 3; i += 4) {
            thimble_store_word(padded + i, thimble_load_word(input + i));
        }
        for (; i < used; i++) {
            padded[i] = input[i];
        }
        padded = thimble_packed_fill(padded + used, pitch - left - used, conv->padding_value);
        input += row_bytes;
    }
    thimble_packed_fill(padded, (conv->padded_height - y) * pitch, conv->padding_value);
}

THIMBLE_SPECIALIZED int32_t thimble_packed_pair(const struct thimble_conv_pool_packed *conv,
                                                const int8_t *pixel) {
    return pixel[0] + pixel[conv->channels] * (1 << conv->split);
}

/* The stream without `fast`. `words` = positions + taps_x - 1, `input` as in packed_fast_stream.
 * Writes up to taps_x - 1 units before and behind the stream. */
THIMBLE_SPECIALIZED void thimble_packed_direct_stream(const struct thimble_conv_pool_packed *conv,
                                                      const struct thimble_packed_block *block,
                                                      const int8_t *input, int32_t *stream,
                                                      int32_t words) {
    const int32_t rows = block->rows, pitch = conv->pitch;
    for (int32_t word = 0; word < words; word++) {
        for (int32_t channel = 0; channel < conv->channels; channel++) {
            const int8_t *pixel = input + 2 * word * conv->channels + channel;
            int32_t above = thimble_packed_pair(conv, pixel);
            for (int32_t row = 0; row <= rows; row++, pixel += 2 * pitch) {
                const int32_t odd = thimble_packed_pair(conv, pixel + pitch);
                const int32_t below = thimble_packed_pair(conv, pixel + 2 * pitch);
                for (int32_t tap = 0; tap < conv->taps_x; tap++) {
                    int32_t *part = stream + (word - tap) * block->unit_words +
                                    (tap * conv->channels + channel) * (rows + 1) + row;
                    part[0] = odd;
                    part[block->part_words] = above - odd;
                    part[2 * block->part_words] = below - odd;
                }
                above = below;
            }
        }
    }
}

/* The stream with `fast`. `input` is the first row of the block, rows lie conv->pitch bytes apart. Of
 * three neighbouring words a, b, c along x, "common" takes b, "right" c - b, "left" a - b. */
THIMBLE_SPECIALIZED void thimble_packed_fast_stream(const struct thimble_conv_pool_packed *conv,
                                                    const struct thimble_packed_block *block,
                                                    const int8_t *input, int32_t *stream) {
    const int32_t rows = block->rows, pitch = conv->pitch;
    const int32_t next = 2 * conv->channels;
    for (int32_t pair = 0; pair < conv->positions / 2; pair++) {
        for (int32_t channel = 0; channel < conv->channels; channel++) {
            const int8_t *pixel = input + 2 * pair * next + channel;
            int32_t *common = stream + channel * (rows + 1);
            int32_t *right = common + block->unit_words, *left = right + block->unit_words;
            int32_t above = thimble_packed_pair(conv, pixel + next);
            int32_t above_right = thimble_packed_pair(conv, pixel + 2 * next) - above;
            int32_t above_left = thimble_packed_pair(conv, pixel) - above;
            for (int32_t row = 0; row <= rows; row++) {
                pixel += pitch;
                const int32_t odd = thimble_packed_pair(conv, pixel + next);
                const int32_t odd_right = thimble_packed_pair(conv, pixel + 2 * next) - odd;
                const int32_t odd_left = thimble_packed_pair(conv, pixel) - odd;
                pixel += pitch;
                common[0] = odd;
                right[0] = odd_right;
                left[0] = odd_left;
                common[block->part_words] = above - odd;
                right[block->part_words] = above_right - odd_right;
                left[block->part_words] = above_left - odd_left;
                above = thimble_packed_pair(conv, pixel + next);
                above_right = thimble_packed_pair(conv, pixel + 2 * next) - above;
                above_left = thimble_packed_pair(conv, pixel) - above;
                common[2 * block->part_words] = above - odd;
                right[2 * block->part_words] = above_right - odd_right;
                left[2 * block->part_words] = above_left - odd_left;
                common++, right++, left++;
            }
        }
        stream += 3 * block->unit_words;
    }
}

/* The last word of every unit: how many bytes the next unit's weights lie behind this one's. */
THIMBLE_SPECIALIZED void thimble_packed_steps(const struct thimble_conv_pool_packed *conv,
                                              const struct thimble_packed_block *block,
                                              int32_t *stream) {
    const int32_t kinds = conv->fast ? 3 : 1;
    const int32_t back = -4 * kinds * conv->unit_weights;
    int32_t end = -1;
    for (int32_t unit = 0; unit < conv->units; unit += kinds) {
        for (int32_t kind = 0; kind < kinds; kind++) {
            end += block->unit_words;
            stream[end] = kind == kinds - 1 ? back : 0;
        }
    }
    stream[end] = INT32_MIN;
}

/* ---- weights ---- */

/* One filter's stored words to what is multiplied, with `fast`. */
static inline void thimble_packed_expand_filter(const struct thimble_conv_pool_packed *conv,
                                                const int32_t *stored, int32_t *expanded) {
    int32_t *common = expanded, *right = common + conv->unit_weights,
            *left = right + conv->unit_weights;
    for (int32_t i = 0; i < 6; i++) {
        *common++ = stored[i % 2];
        *right++ = *left++ = 0;
    }
    left[3 * conv->part_weights] = stored[2];
    left[3 * conv->part_weights + 1] = stored[3];
    stored += 4;
    const int32_t part = conv->part_weights;
    for (int32_t i = 0; i < part; i++, stored += 4) { /* channel, upper and lower two weight rows */
        right[0] = stored[1] + stored[3];
        right[part] = stored[1];
        right[2 * part] = stored[3];
        left[0] = stored[0] + stored[2];
        left[part] = stored[0];
        left[2 * part] = stored[2];
        for (int32_t j = 0; j < 3 * part; j += part) {
            common[j] = left[j] + right[j];
        }
        common++, right++, left++;
    }
}

#endif
