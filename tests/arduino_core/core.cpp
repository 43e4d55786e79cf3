/* Serial on the emulator's console, and the main that every core has. */
#include "Arduino.h"

extern "C" {
#include "semihosting.h"
#include "startup.h"
}

SerialPort Serial;

void SerialPort::begin(unsigned long) {
}

void SerialPort::print(const char *text) {
    semihosting_print(text);
}

void SerialPort::print(unsigned long number) {
    char digits[11];
    char *first = digits + sizeof digits - 1;
    *first = 0;
    do {
        *--first = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(first);
}

void SerialPort::print(long number) {
    if (number < 0) {
        print("-");
    }
    const unsigned long bits = static_cast<unsigned long>(number);
    print(number < 0 ? 0 - bits : bits);
}

void SerialPort::print(int number) {
    print(static_cast<long>(number));
}

void SerialPort::print(double number, int digits) {
    if (number < 0) {
        print("-");
        number = -number;
    }
    unsigned long scale = 1;
    for (int i = 0; i < digits; i++) {
        scale *= 10;
    }
    const unsigned long scaled = static_cast<unsigned long>(number * scale + 0.5);
    print(scaled / scale);
    print(".");
    for (unsigned long place = scale / 10; place > 0; place /= 10) {
        print(scaled / place % 10);
    }
}

void SerialPort::println(const char *text) {
    print(text);
    print("\n");
}

void SerialPort::println(int number) {
    print(number);
    println();
}

unsigned long micros() {
    return 0;
}

void delay(unsigned long) {
    semihosting_exit(0);
}

int main() {
    setup();
    for (;;) {
        loop();
    }
}
