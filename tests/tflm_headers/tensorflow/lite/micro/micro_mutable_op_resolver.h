/* Which operators are linked in. As in the library, one more than `capacity` or one twice is
 * refused. */
#pragma once

#include <tensorflow/lite/micro/common.h>
#include <tensorflow/lite/schema/schema_generated.h>

namespace tflite {

class MicroOpResolver {
   public:
    virtual const TfLiteRegistration *FindOp(BuiltinOperator) const {
        return nullptr;
    }
};

template <unsigned int capacity>
class MicroMutableOpResolver : public MicroOpResolver {
   public:
    const TfLiteRegistration *FindOp(BuiltinOperator code) const override {
        for (unsigned int i = 0; i < count_; ++i) {
            if (registrations_[i].builtin_code == code) {
                return &registrations_[i];
            }
        }
        return nullptr;
    }

    TfLiteStatus AddConv2D() {
        return Add(BuiltinOperator_CONV_2D);
    }
    TfLiteStatus AddFullyConnected() {
        return Add(BuiltinOperator_FULLY_CONNECTED);
    }
    TfLiteStatus AddMaxPool2D() {
        return Add(BuiltinOperator_MAX_POOL_2D);
    }
    TfLiteStatus AddReshape() {
        return Add(BuiltinOperator_RESHAPE);
    }
    TfLiteStatus AddSoftmax() {
        return Add(BuiltinOperator_SOFTMAX);
    }

   private:
    TfLiteStatus Add(BuiltinOperator code) {
        if (FindOp(code) != nullptr || count_ == capacity) {
            return kTfLiteError;
        }
        registrations_[count_++].builtin_code = code;
        return kTfLiteOk;
    }

    TfLiteRegistration registrations_[capacity] = {};
    unsigned int count_ = 0;
};

}  // namespace tflite
