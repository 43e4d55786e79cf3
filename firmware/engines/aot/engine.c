/* The ahead-of-time compiled engine: engine.h over the generated model.c. */
#include "engine.h"

#include "model.h"

const char engine_name[] = "aot";

const char *engine_init(void) {
    return NULL;
}

int8_t *engine_input(void) {
    return model_input();
}

const char *engine_invoke(void) {
    model_invoke();
    return NULL;
}

const int8_t *engine_output(void) {
    return model_output();
}
