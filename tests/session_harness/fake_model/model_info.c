#include "model_info.h"

#include "engine.h"

#ifndef FAKE_MODEL_STATEFUL
#define FAKE_MODEL_STATEFUL 0
#endif

static const struct tensor_info input = {
    "input", ENGINE_TYPE_INT8, 4, {1, 28, 28, 1, 0, 0}, MODEL_INPUT_BYTES, 0.00392157f, -128};
static const struct tensor_info output = {
    "output", ENGINE_TYPE_INT8, 2, {1, 10, 0, 0, 0, 0}, MODEL_OUTPUT_BYTES, 0.00390625f, -127};

const struct model_info model_info = {
    "fake",
    {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A,
     0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
     0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F},
    FAKE_MODEL_STATEFUL,
    1,
    1,
    &input,
    &output};
