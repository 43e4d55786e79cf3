/* The line of text that says why the engine cannot start. */
#ifndef THIMBLE_FAULT_H
#define THIMBLE_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "../../core/protocol.h"

/* Put together from texts and numbers, without heap and without printf; what does not fit is cut
 * off. */
class Fault {
   public:
    Fault &add(const char *text) {
        while (*text != '\0') {
            put(*text++);
        }
        return *this;
    }

    Fault &add(uint32_t number) {
        if (number >= 10) {
            add(number / 10);
        }
        put((char)('0' + number % 10));
        return *this;
    }

    const char *line() const {
        return line_;
    }

   private:
    void put(char character) {
        if (length_ < PROTOCOL_MAX_ERROR_TEXT) {
            line_[length_++] = character;
        }
    }

    size_t length_ = 0;
    char line_[PROTOCOL_MAX_ERROR_TEXT + 1] = {};
};

#endif
