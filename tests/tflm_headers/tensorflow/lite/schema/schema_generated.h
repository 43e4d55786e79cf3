/* A flatbuffer as the library sees it, as far as the engine asks. */
#pragma once

#include <stdint.h>

namespace tflite {

enum BuiltinOperator : int32_t {
    BuiltinOperator_CONV_2D = 3,
    BuiltinOperator_FULLY_CONNECTED = 9,
    BuiltinOperator_LOGISTIC = 14,
    BuiltinOperator_MAX_POOL_2D = 17,
    BuiltinOperator_RESHAPE = 22,
    BuiltinOperator_SOFTMAX = 25
};
const char *EnumNameBuiltinOperator(BuiltinOperator code);

struct OperatorCode {
    BuiltinOperator builtin_code;
};

class OperatorCodes {
   public:
    const OperatorCode *const *begin() const;
    const OperatorCode *const *end() const;
};

class Model {
   public:
    uint32_t version() const;
    const OperatorCodes *operator_codes() const;
};
const Model *GetModel(const void *flatbuffer);

}  // namespace tflite
