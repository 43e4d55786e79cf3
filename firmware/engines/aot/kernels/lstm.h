/* A long short-term memory over a sequence: UNIDIRECTIONAL_SEQUENCE_LSTM of TensorFlow Lite, int8, a batch of 1.
 *
 *   input   int8 [steps][inputs]
 *   output  int8 [steps][units]
 *   hidden  int8 [units], kept between inferences
 *   cell    int16 [units], as bytes, kept between inferences
 *   scratch 2 * units bytes, aligned to 2
 *
 * Follows EvalLstm in tensorflow/lite/micro/kernels/lstm_eval.h. Each gate is the sum of two dense layers, in Q3.12,
 * behind a sigmoid or a tanh, in Q0.15, from a table of sigmoid(i / 24) in Q0.16 that is interpolated (Logistic and
 * Tanh for int16 in tensorflow/lite/kernels/internal/reference/integer_ops). No two arrays may overlap. */
#ifndef THIMBLE_AOT_LSTM_H
#define THIMBLE_AOT_LSTM_H

#include <stdint.h>
#include <string.h>

#include "arithmetic/scaling.h"

struct thimble_lstm_gate {
    const int8_t *weights;   /* [units][inputs] */
    const int8_t *recurrent; /* [units][units] */
    const int32_t *bias;     /* [units] */
    int32_t multiplier, shift;
    int32_t recurrent_multiplier, recurrent_shift;
};

struct thimble_lstm {
    int32_t steps, inputs, units;
    int32_t input_zero_point, hidden_zero_point;
    struct thimble_lstm_gate input_gate, forget_gate, cell_gate, output_gate;
    int32_t cell_clip;                             /* 0: the cell is not clipped */
    struct thimble_scaling forget, update, hidden; /* of the products of activations */
    int32_t tanh_multiplier, tanh_shift;           /* from the cell to the table's steps */
    const uint16_t *sigmoid;                       /* [256] */
};

static inline int32_t thimble_lstm_clamp(int32_t value) {
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/* A dense layer's output for one unit, Q3.12. */
static inline int32_t thimble_lstm_dense(const int8_t *weights, const int8_t *input, int32_t count,
                                         int32_t zero_point, int32_t bias, int32_t multiplier,
                                         int32_t shift) {
    int32_t sum = bias;
    for (int32_t i = 0; i < count; i++) {
        sum += weights[i] * (input[i] - zero_point);
    }
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t product = thimble_high_multiply(sum * (INT32_C(1) << left), multiplier);
    return thimble_lstm_clamp(thimble_divide_by_power_of_two(product, shift > 0 ? 0 : -shift));
}

/* Q3.12 to Q0.15. */
static inline int16_t thimble_lstm_sigmoid(const uint16_t *table, int32_t value) {
    const int32_t scaled = 3 * value; /* 256 steps of the table are 10.7 */
    const uint32_t magnitude = (uint32_t)(scaled < 0 ? -scaled : scaled), place = magnitude >> 9;
    uint32_t result = UINT32_C(0x7FFF) << 10;
    if (place < 255) {
        result = ((uint32_t)table[place] << 9) +
                 (magnitude & 0x1FF) * (uint32_t)(table[place + 1] - table[place]);
    }
    result = scaled >= 0 ? result + (1 << 9) : (UINT32_C(1) << 25) - result + (1 << 9) - 1;
    return (int16_t)(result >> 10);
}

/* tanh(x) = 2 sigmoid(2 x) - 1, Q0.15. */
static inline int16_t thimble_lstm_tanh(const uint16_t *table, int32_t value, int32_t multiplier,
                                        int32_t shift) {
    const int32_t round = shift > 0 ? INT32_C(1) << (shift - 1) : 0;
    const int32_t scaled = (value * multiplier + round) >> shift;
    const uint32_t magnitude = (uint32_t)(scaled < 0 ? -scaled : scaled), place = magnitude >> 8;
    int32_t result = INT32_C(0xFFFF) << 8;
    if (place < 255) {
        result = ((int32_t)table[place] << 8) +
                 (int32_t)(magnitude & 0xFF) * (table[place + 1] - table[place]);
    }
    const int32_t one = INT32_C(1) << 23;
    result = scaled >= 0 ? result - one + (1 << 7) : -result + one + (1 << 7) - 1;
    return (int16_t)(result >> 8);
}

/* What goes into a gate's activation, for one unit. */
static inline int32_t thimble_lstm_gate_sum(const struct thimble_lstm *lstm,
                                            const struct thimble_lstm_gate *gate, int32_t unit,
                                            const int8_t *input, const int8_t *hidden) {
    const int32_t first =
        thimble_lstm_dense(gate->weights + unit * lstm->inputs, input, lstm->inputs,
                           lstm->input_zero_point, gate->bias[unit], gate->multiplier, gate->shift);
    const int32_t second = thimble_lstm_dense(gate->recurrent + unit * lstm->units, hidden,
                                              lstm->units, lstm->hidden_zero_point, 0,
                                              gate->recurrent_multiplier, gate->recurrent_shift);
    return thimble_lstm_clamp(first + second);
}

static inline int16_t thimble_lstm_cell(const struct thimble_lstm *lstm, int16_t cell,
                                        int16_t forget_gate, int16_t input_gate,
                                        int16_t cell_gate) {
    const int32_t kept = thimble_lstm_clamp(thimble_scaled(&lstm->forget, forget_gate * cell));
    const int32_t added = thimble_lstm_clamp(thimble_scaled(&lstm->update, input_gate * cell_gate));
    int32_t value = thimble_lstm_clamp(kept + added);
    if (lstm->cell_clip > 0) {
        value = value > lstm->cell_clip ? lstm->cell_clip : value;
        value = value < -lstm->cell_clip ? -lstm->cell_clip : value;
    }
    return (int16_t)value;
}

static inline void thimble_lstm(const struct thimble_lstm *lstm, const int8_t *input,
                                int8_t *output, int8_t *hidden, int8_t *cells, void *scratch) {
    int16_t *output_gate = (int16_t *)scratch; /* of all units before the hidden state changes */
    for (int32_t step = 0; step < lstm->steps; step++) {
        for (int32_t unit = 0; unit < lstm->units; unit++) {
            const uint16_t *table = lstm->sigmoid;
            const int16_t forget_gate = thimble_lstm_sigmoid(
                table, thimble_lstm_gate_sum(lstm, &lstm->forget_gate, unit, input, hidden));
            const int16_t input_gate = thimble_lstm_sigmoid(
                table, thimble_lstm_gate_sum(lstm, &lstm->input_gate, unit, input, hidden));
            const int16_t cell_gate = thimble_lstm_tanh(
                table, thimble_lstm_gate_sum(lstm, &lstm->cell_gate, unit, input, hidden), 3, 0);
            output_gate[unit] = thimble_lstm_sigmoid(
                table, thimble_lstm_gate_sum(lstm, &lstm->output_gate, unit, input, hidden));
            int16_t cell;
            memcpy(&cell, cells + 2 * unit, sizeof cell);
            cell = thimble_lstm_cell(lstm, cell, forget_gate, input_gate, cell_gate);
            memcpy(cells + 2 * unit, &cell, sizeof cell);
        }
        for (int32_t unit = 0; unit < lstm->units; unit++) {
            int16_t cell;
            memcpy(&cell, cells + 2 * unit, sizeof cell);
            const int32_t tanh =
                thimble_lstm_tanh(lstm->sigmoid, cell, lstm->tanh_multiplier, lstm->tanh_shift);
            int32_t value =
                thimble_scaled(&lstm->hidden, tanh * output_gate[unit]) + lstm->hidden_zero_point;
            value = value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
            hidden[unit] = (int8_t)value;
        }
        memcpy(output, hidden, (size_t)lstm->units);
        input += lstm->inputs;
        output += lstm->units;
    }
}

#endif
