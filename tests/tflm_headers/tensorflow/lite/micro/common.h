/* The C structures that the library shares with its user. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;
typedef enum {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt32 = 2,
    kTfLiteUInt8 = 3,
    kTfLiteBool = 6,
    kTfLiteInt8 = 9
} TfLiteType;

typedef union {
    int8_t *int8;
    void *data;
} TfLitePtrUnion;

typedef struct {
    TfLiteType type;
    TfLitePtrUnion data;
    size_t bytes;
} TfLiteTensor;

struct TfLiteRegistration {
    int32_t builtin_code;
};
