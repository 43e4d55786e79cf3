#pragma once

#include <tensorflow/lite/micro/common.h>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>
#include <tensorflow/lite/schema/schema_generated.h>

#define TFLITE_SCHEMA_VERSION (3)

namespace tflite {

class MicroInterpreter {
   public:
    MicroInterpreter(const Model *model, const MicroOpResolver &op_resolver, uint8_t *tensor_arena,
                     size_t tensor_arena_size);
    ~MicroInterpreter();
    TfLiteStatus AllocateTensors();
    TfLiteStatus Invoke();
    TfLiteStatus Reset();
    TfLiteTensor *input(size_t index);
    TfLiteTensor *output(size_t index);

   private:
    uint8_t *arena_;
    size_t arena_bytes_;
    TfLiteTensor input_;
    TfLiteTensor output_;
};

}  // namespace tflite
