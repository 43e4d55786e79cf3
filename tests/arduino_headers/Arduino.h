#pragma once

#include <stddef.h>
#include <stdint.h>

typedef uint8_t pin_size_t;
enum PinStatus { LOW, HIGH };
enum PinMode { INPUT, OUTPUT };
constexpr pin_size_t LEDR = 22, LEDG = 23, LEDB = 24;

void pinMode(pin_size_t pin, PinMode mode);
void digitalWrite(pin_size_t pin, PinStatus status);

/* A port of the board. `packet_bytes` is 64 for USB; 0 for a UART, which has no packets. */
class SerialPort {
   public:
    SerialPort(const char *name, size_t packet_bytes);
    void begin(unsigned long baud);
    int available();
    int read();
    size_t write(const uint8_t *bytes, size_t count);

   private:
    const char *name_;
    size_t packet_bytes_;
    uint8_t received_[256];
    size_t first_ = 0;
    size_t count_ = 0;
};
extern SerialPort Serial, Serial1;

void setup();
void loop();
