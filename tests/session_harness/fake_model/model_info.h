/* The model that the session tests run: shaped like MNIST's. */
#ifndef MODEL_INFO_H
#define MODEL_INFO_H

enum { MODEL_INPUT_BYTES = 784, MODEL_OUTPUT_BYTES = 10 };

#define MODEL_INPUT_SIZES 784
#define MODEL_OUTPUT_SIZES 10

#endif
