/* The core behind Arduino.h and nrf.h. */
#include "Arduino.h"
#include "nrf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* firmware/boards/native/board.c, compiled under these names. */
extern "C" {
void pty_start(void);
size_t pty_read(uint8_t *bytes, size_t capacity);
void pty_write(const uint8_t *bytes, size_t count);
uint32_t pty_ticks(void);
}

static void trace(const char *what, const char *which, unsigned value) {
    static FILE *file;
    const char *path = getenv("SKETCH_TRACE");
    if (file == NULL && (path == NULL || (file = fopen(path, "w")) == NULL)) {
        return;
    }
    fprintf(file, "%s %s %u\n", what, which, value);
    fflush(file);
}

static void must(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "arduino: %s\n", what);
        abort();
    }
}

/* ---- pins ---- */
static bool is_output[256];

static const char *name_of(pin_size_t pin) {
    return pin == LEDR ? "red" : pin == LEDG ? "green" : pin == LEDB ? "blue" : "other";
}

void pinMode(pin_size_t pin, PinMode mode) {
    is_output[pin] = mode == OUTPUT;
}

void digitalWrite(pin_size_t pin, PinStatus status) {
    must(is_output[pin], "a pin is written that is no output");
    trace("light", name_of(pin), status == LOW); /* low is on */
}

/* ---- registers ---- */
NvmcRegisters nvmc_registers;
CoreDebugRegisters core_debug_registers;
DwtRegisters dwt_registers;

static uint32_t zero_point;

CycleCounter::operator uint32_t() const {
    must(core_debug_registers.DEMCR & CoreDebug_DEMCR_TRCENA_Msk, "the trace unit is off");
    must(dwt_registers.CTRL & DWT_CTRL_CYCCNTENA_Msk, "the cycle counter is off");
    return pty_ticks() - zero_point;
}

void CycleCounter::operator=(uint32_t value) {
    zero_point = pty_ticks() - value;
}

/* ---- serial ports ---- */
SerialPort Serial("usb", 64);
SerialPort Serial1("uart", 0);

SerialPort::SerialPort(const char *name, size_t packet_bytes)
    : name_(name), packet_bytes_(packet_bytes) {
}

void SerialPort::begin(unsigned long baud) {
    trace("begin", name_, (unsigned)baud);
    trace("register", "ICACHECNF", nvmc_registers.ICACHECNF);
    pty_start();
}

int SerialPort::available() {
    if (count_ == 0) {
        first_ = 0;
        count_ = pty_read(received_, sizeof received_);
    }
    return (int)count_;
}

int SerialPort::read() {
    must(count_ > 0, "read without a byte available");
    --count_;
    return received_[first_++];
}

size_t SerialPort::write(const uint8_t *bytes, size_t count) {
    must(packet_bytes_ == 0 || count < packet_bytes_,
         "a full packet would be held back by the host");
    pty_write(bytes, count);
    return count;
}

int main() {
    setup();
    for (;;) {
        loop();
    }
}
