/* Something that answers behind the declarations beside it; README.md says what. */
#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/schema/schema_utils.h>

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "model_info.h"

enum { ARENA_BYTES_USED = 9000 };

static bool fault_is(const char *name) {
    const char *fault = getenv("FAKE_TFLM");
    return fault != NULL && strcmp(fault, name) == 0;
}

static void log(const char *text) {
    board_write((const uint8_t *)text, strlen(text));
}

namespace tflite {

/* The model is made of the first five. */
static const OperatorCode codes[] = {
    {BuiltinOperator_CONV_2D},         {BuiltinOperator_MAX_POOL_2D}, {BuiltinOperator_RESHAPE},
    {BuiltinOperator_FULLY_CONNECTED}, {BuiltinOperator_SOFTMAX},     {BuiltinOperator_LOGISTIC},
};
static const OperatorCode *const code_pointers[] = {
    &codes[0], &codes[1], &codes[2], &codes[3], &codes[4], &codes[5],
};
static const OperatorCodes operator_codes;
static const Model model;

const char *EnumNameBuiltinOperator(BuiltinOperator code) {
    return code == BuiltinOperator_LOGISTIC ? "LOGISTIC" : "another";
}
BuiltinOperator GetBuiltinCode(const OperatorCode *code) {
    return code->builtin_code;
}
const OperatorCode *const *OperatorCodes::begin() const {
    return code_pointers;
}
const OperatorCode *const *OperatorCodes::end() const {
    return code_pointers + (fault_is("operator") ? 6 : 5);
}
uint32_t Model::version() const {
    return fault_is("schema") ? 4 : TFLITE_SCHEMA_VERSION;
}
const OperatorCodes *Model::operator_codes() const {
    return &tflite::operator_codes;
}
const Model *GetModel(const void *flatbuffer) {
    return memcmp((const char *)flatbuffer + 4, "TFL3", 4) == 0 ? &model : nullptr;
}

MicroInterpreter::MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *tensor_arena,
                                   size_t tensor_arena_size)
    : arena_(tensor_arena), arena_bytes_(tensor_arena_size), input_(), output_() {
}

MicroInterpreter::~MicroInterpreter() {
}

/* The tensors lie at the arena's two ends, so that a sanitizer sees a byte too many. */
TfLiteStatus MicroInterpreter::AllocateTensors() {
    if (arena_bytes_ < ARENA_BYTES_USED || fault_is("arena")) {
        log("the arena is too small\r\n");
        return kTfLiteError;
    }
    input_.type = output_.type = kTfLiteInt8;
    input_.bytes = MODEL_INPUT_BYTES;
    output_.bytes = MODEL_OUTPUT_BYTES + (fault_is("output") ? 1 : 0);
    input_.data.int8 = (int8_t *)arena_;
    output_.data.int8 = (int8_t *)(arena_ + arena_bytes_ - MODEL_OUTPUT_BYTES);
    return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::Reset() {
    return kTfLiteOk;
}
TfLiteStatus MicroInterpreter::Invoke() {
    int8_t *in = input_.data.int8;
    if (memcmp(in, "FAIL", 4) == 0) {
        log("node CONV_2D (number 0) failed to run\r\n");
        return kTfLiteError;
    }
    if (fault_is("chatter")) {
        log("the library says hello\r\n");
    }
    for (int i = 0; i < MODEL_OUTPUT_BYTES; ++i) {
        uint8_t hash = 0x5A;
        for (int j = i; j < MODEL_INPUT_BYTES; j += MODEL_OUTPUT_BYTES) {
            hash = (uint8_t)(hash * 31 + (uint8_t)in[j]);
        }
        output_.data.int8[i] = (int8_t)hash;
    }
    memset(in, 0x77, MODEL_INPUT_BYTES);
    return kTfLiteOk;
}

TfLiteTensor *MicroInterpreter::input(size_t index) {
    return index == 0 ? &input_ : nullptr;
}
TfLiteTensor *MicroInterpreter::output(size_t index) {
    return index == 0 ? &output_ : nullptr;
}

}  // namespace tflite
