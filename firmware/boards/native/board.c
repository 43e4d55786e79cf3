/* A process on the host whose serial port is a pty: most firmware bugs can be found here.
 *
 * It prints "port: <path>" on standard output and serves that port until SIGTERM or SIGINT. */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board_config.h"
#include "core/protocol.h"

const struct board_info board_info = {BOARD_NAME, BOARD_TICK_UNIT, BOARD_TICK_HZ, 4};

static int master;

static void leave(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void fail(const char *what) {
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    exit(1);
}

void board_start(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = leave;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        fail("cannot open a pty");
    }
    /* Held open for ever: reading the master of a pty that nobody holds open fails, and the port
     * would forget its settings each time that the host leaves. */
    const char *port = ptsname(master);
    int slave = port == NULL ? -1 : open(port, O_RDWR | O_NOCTTY);
    struct termios settings;
    if (slave < 0 || tcgetattr(slave, &settings) != 0) {
        fail("cannot open the pty's port");
    }
    cfmakeraw(&settings);
    if (tcsetattr(slave, TCSANOW, &settings) != 0) {
        fail("cannot set the pty raw");
    }
    printf("port: %s\n", port);
    fflush(stdout);
}

size_t board_read(uint8_t *bytes, size_t capacity) {
    ssize_t count;
    do {
        count = read(master, bytes, capacity);
    } while (count < 0 && errno == EINTR);
    return count > 0 ? (size_t)count : 0;
}

void board_write(const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(master, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno != EINTR) {
            fail("cannot write to the pty");
        }
    }
}

uint32_t board_ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

void board_show(enum board_state state) {
    (void)state;
}
