/* TensorFlow Lite Micro's interpreter over the flatbuffer, for either Arduino library. */
#include "op_resolver.h" /* first: it includes the library's umbrella header */

#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/schema/schema_generated.h>
#include <tensorflow/lite/schema/schema_utils.h>

#include "../../engine.h"
#include "arena.h"
#include "board_config.h" /* of the board that is built for */
#include "fault.h"
#include "model_data.h"

static_assert(arena_bytes < BOARD_RAM_BYTES, "the tensor arena is larger than the board's RAM");
static_assert(model_data_bytes < BOARD_FLASH_BYTES,
              "the flatbuffer is larger than the board's flash");

const char engine_name[] = "tflm";
const struct engine_inspection *const engine_inspection = nullptr;

alignas(arena_alignment) static uint8_t arena[arena_bytes];
static tflite::MicroInterpreter *interpreter;

/* The name of the first operator of the model that the resolver lacks, or nullptr. */
static const char *missing_operator(const tflite::Model &model, const OpResolver &resolver) {
    for (const tflite::OperatorCode *code : *model.operator_codes()) {
        tflite::BuiltinOperator builtin = tflite::GetBuiltinCode(code);
        if (resolver.FindOp(builtin) == nullptr) {
            return tflite::EnumNameBuiltinOperator(builtin);
        }
    }
    return nullptr;
}

static TfLiteType library_type(uint8_t type) {
    switch (type) {
        case ENGINE_TYPE_FLOAT32:
            return kTfLiteFloat32;
        case ENGINE_TYPE_INT32:
            return kTfLiteInt32;
        case ENGINE_TYPE_UINT8:
            return kTfLiteUInt8;
        case ENGINE_TYPE_BOOL:
            return kTfLiteBool;
        case ENGINE_TYPE_INT8:
            return kTfLiteInt8;
    }
    return kTfLiteNoType;
}

static bool is_as_described(const TfLiteTensor *tensor, const struct tensor_info &info) {
    return tensor != nullptr && tensor->type == library_type(info.type) &&
           tensor->bytes == info.bytes;
}

static bool are_as_described(tflite::MicroInterpreter &instance) {
    bool same = true;
    for (int i = 0; i < model_info.input_count; ++i) {
        same = same && is_as_described(instance.input(i), model_info.inputs[i]);
    }
    for (int i = 0; i < model_info.output_count; ++i) {
        same = same && is_as_described(instance.output(i), model_info.outputs[i]);
    }
    return same;
}

const char *engine_init(void) {
    static Fault fault;
    const tflite::Model *model = tflite::GetModel(model_data);
    if (model->version() != TFLITE_SCHEMA_VERSION) {
        return fault.add("the flatbuffer has schema version ")
            .add(model->version())
            .add(", the library reads ")
            .add((uint32_t)TFLITE_SCHEMA_VERSION)
            .line();
    }

    static OpResolver resolver;
    if (!register_operators(resolver)) {
        return "the library refused an operator of op_resolver.h; run codegen again";
    }
    const char *missing = missing_operator(*model, resolver);
    if (missing != nullptr) {
        return fault.add("operator ")
            .add(missing)
            .add(" is not in op_resolver.h; run codegen again")
            .line();
    }

    static tflite::MicroInterpreter instance(model, resolver, arena, arena_bytes);
    if (instance.AllocateTensors() != kTfLiteOk) {
        return fault.add("AllocateTensors failed: the arena has ")
            .add((uint32_t)arena_bytes)
            .add(" bytes, ")
            .add((uint32_t)arena_recorded_bytes)
            .add(" were recorded")
            .line();
    }
    interpreter = &instance;
    if (!are_as_described(instance)) {
        return "the flatbuffer's tensors are not those of model_info.c; run codegen again";
    }
    return nullptr;
}

void engine_reset(void) {
    if (interpreter != nullptr) {
        interpreter->Reset();
    }
}

int8_t *engine_input(int index) {
    return interpreter->input(index)->data.int8;
}

const char *engine_invoke(void) {
    if (interpreter->Invoke() != kTfLiteOk) {
        return "Invoke failed in an operator; the library's log says in which";
    }
    return nullptr;
}

const int8_t *engine_output(int index) {
    return interpreter->output(index)->data.int8;
}
