/* Which taps of a window lie inside the input, along one dimension. */
#ifndef THIMBLE_AOT_WINDOW_H
#define THIMBLE_AOT_WINDOW_H

#include <stdint.h>

#include "arch/cortex_m4.h"

/* Taps begin <= tap < end; tap t reads input origin + t * dilation. */
struct thimble_window {
    int32_t origin, begin, end;
};

/* The window whose first tap lies at `origin`, which padding may put before the input; clipped to
 * 0 <= input < inputs. dilation >= 1, taps >= 1. Empty (begin >= end) where nothing lies inside. */
THIMBLE_SPECIALIZED struct thimble_window thimble_clip_window(int32_t origin, int32_t taps,
                                                              int32_t dilation, int32_t inputs) {
    const int32_t reachable = origin < inputs ? (inputs - origin + dilation - 1) / dilation : 0;
    struct thimble_window window;
    window.origin = origin;
    window.begin = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
    window.end = reachable < taps ? reachable : taps;
    return window;
}

#endif
