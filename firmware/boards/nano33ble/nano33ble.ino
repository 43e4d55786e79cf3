// The firmware as an Arduino sketch: a board, an engine, and the session between them.
// `make firmware BOARD=nano33ble` puts this folder together; the sources of everything are in src/.
#include "src/board.h"
#include "src/engine.h"
#include "src/model_info.h"
#include "src/session.h"

static uint8_t request[SESSION_REQUEST_BYTES(MODEL_INPUT_BYTES)];

void setup() {
    board_start();
    const char *engine_fault = engine_init();
    session_run(request, sizeof request, engine_fault);
}

void loop() {}
