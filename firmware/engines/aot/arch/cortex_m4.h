/* The few instructions of a Cortex-M4 that C has no word for, each with its definition in portable
 * C, which every other processor runs and sanitizers see. GCC 7's arm_acle.h lacks them, so they
 * are inline assembly. A word holds its first byte lowest: the engine runs on little-endian
 * machines. */
#ifndef THIMBLE_AOT_CORTEX_M4_H
#define THIMBLE_AOT_CORTEX_M4_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define THIMBLE_ON_CORTEX_M4(function) function
#else
#define THIMBLE_ON_CORTEX_M4(function) NULL /* the kernel's portable definition runs instead */
#endif

/* At -O0 compilers have not the registers that inline assembly asks for. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__OPTIMIZE__)
#define THIMBLE_CORTEX_M4 1
#else
#define THIMBLE_CORTEX_M4 0
#endif

/* A kernel that the compiler makes again for every layer, with the layer's constants in it. */
#define THIMBLE_SPECIALIZED __attribute__((always_inline)) static inline

/* Repeat the body of the loop behind it up to `times` times, where the compiler can be told so. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#define THIMBLE_PRAGMA(text) _Pragma(#text)
#define THIMBLE_UNROLL(times) THIMBLE_PRAGMA(GCC unroll times)
#else
#define THIMBLE_UNROLL(times)
#endif

/* Four bytes as a word, from and to any address; by memcpy, as a cast would break aliasing. */
static inline uint32_t thimble_load_word(const void *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline void thimble_store_word(void *to, uint32_t word) {
    memcpy(to, &word, sizeof word);
}

/* An int16, the same way: `at` counts from `from` in int16. */
static inline int32_t thimble_load_half(const void *from, int32_t at) {
    int16_t half;
    memcpy(&half, (const char *)from + 2 * at, sizeof half);
    return half;
}

static inline void thimble_store_half(void *to, int32_t at, int32_t value) {
    const int16_t half = (int16_t)value;
    memcpy((char *)to + 2 * at, &half, sizeof half);
}

/* The int8 nearest to `value`: SSAT. */
static inline int8_t thimble_saturate_int8(int32_t value) {
#if THIMBLE_CORTEX_M4
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return (int8_t)result;
#else
    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
#endif
}

/* addend + floor(a * b / 2^32): SMMLA. The planner has shown that the sum fits. */
static inline int32_t thimble_multiply_high_add(int32_t a, int32_t b, int32_t addend) {
#if THIMBLE_CORTEX_M4
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
#else
    return addend + (int32_t)((int64_t)a * b >> 32);
#endif
}

/* Two int16 in a word. */
static inline uint32_t thimble_halves(int32_t low, int32_t high) {
    return (uint16_t)low | (uint32_t)(uint16_t)high << 16;
}

/* Bytes 0 and 2 of a word, sign-extended to two int16: SXTB16. */
static inline uint32_t thimble_even_bytes(uint32_t word) {
#if THIMBLE_CORTEX_M4
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
#else
    return thimble_halves((int8_t)word, (int8_t)(word >> 16));
#endif
}

/* Bytes 1 and 3. */
static inline uint32_t thimble_odd_bytes(uint32_t word) {
#if THIMBLE_CORTEX_M4
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
#else
    return thimble_even_bytes(word >> 8);
#endif
}

/* Two int16 of `sums`, each plus byte 0 or 2 of a word, modulo 2^16: SXTAB16. */
static inline uint32_t thimble_add_even_bytes(uint32_t sums, uint32_t word) {
#if THIMBLE_CORTEX_M4
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return thimble_halves((int16_t)sums + (int8_t)word,
                          (int16_t)(sums >> 16) + (int8_t)(word >> 16));
#endif
}

/* Plus byte 1 or 3. */
static inline uint32_t thimble_add_odd_bytes(uint32_t sums, uint32_t word) {
#if THIMBLE_CORTEX_M4
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return thimble_add_even_bytes(sums, word >> 8);
#endif
}

/* The greater of each two int8 in a word: SSUB8 and SEL. */
static inline uint32_t thimble_greater_bytes(uint32_t a, uint32_t b) {
#if THIMBLE_CORTEX_M4
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
#else
    uint32_t result = 0;
    for (int32_t place = 0; place < 32; place += 8) {
        const int8_t one = (int8_t)(a >> place), other = (int8_t)(b >> place);
        result |= (uint32_t)(uint8_t)(one > other ? one : other) << place;
    }
    return result;
#endif
}

/* sum + the product of the two low int16: SMLABB. */
static inline int32_t thimble_multiply_add_low(uint32_t a, uint32_t b, int32_t sum) {
#if THIMBLE_CORTEX_M4
    int32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return sum + (int16_t)a * (int16_t)b;
#endif
}

/* sum + the product of the two high int16: SMLATT. */
static inline int32_t thimble_multiply_add_high(uint32_t a, uint32_t b, int32_t sum) {
#if THIMBLE_CORTEX_M4
    int32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return sum + (int16_t)(a >> 16) * (int16_t)(b >> 16);
#endif
}

/* sum + the products of the two low and of the two high int16, modulo 2^32: SMLAD. */
static inline int32_t thimble_multiply_add_halves(uint32_t a, uint32_t b, int32_t sum) {
#if THIMBLE_CORTEX_M4
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    const int32_t low = (int16_t)a * (int16_t)b, high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

#endif
