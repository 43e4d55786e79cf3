/* The part of the Arduino core's interface that the sketches of an exported library use. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

class SerialPort {
   public:
    void begin(unsigned long baud);
    void print(const char *text);
    void print(int number);
    void print(long number);
    void print(unsigned long number);
    void print(double number, int digits = 2);
    void println(const char *text = "");
    void println(int number);
};
extern SerialPort Serial;

unsigned long micros();
void delay(unsigned long milliseconds);

void setup();
void loop();
