/* The firmware: a board, an engine, and the session between them. */
#include "board.h"
#include "core/session.h"
#include "engine.h"
#include "model_info.h"

static uint8_t request[SESSION_REQUEST_BYTES(MODEL_INPUT_BYTES)];

int main(void) {
    board_start();
    const char *engine_fault = engine_init();
    session_run(request, sizeof request, engine_fault);
    return 0;
}
