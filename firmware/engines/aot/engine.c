/* The ahead-of-time compiled engine: engine.h over the generated model.c. */
#include "engine.h"

#include "model.h"

const char engine_name[] = "aot";

#ifdef MODEL_CALLS /* python -m codegen --inspect */
#include "core/inspection.h"

static const struct engine_inspection inspection = {
    MODEL_CALLS, model_step, model_memory, MODEL_ARENA_BYTES, inspection_knows, inspection_answer};
const struct engine_inspection *const engine_inspection = &inspection;
#else
const struct engine_inspection *const engine_inspection = NULL;
#endif

const char *engine_init(void) {
    model_init(); /* puts a state to its beginning, too */
    return NULL;
}

void engine_reset(void) {
    model_init();
}

int8_t *engine_input(int index) {
    return model_input(index);
}

const char *engine_invoke(void) {
    model_invoke();
    return NULL;
}

const int8_t *engine_output(int index) {
    return model_output(index);
}
