/* The registers that the sketch touches. Written values are kept; the cycle counter runs when it is
 * on. */
#pragma once

#include <stdint.h>

class CycleCounter {
   public:
    operator uint32_t() const;
    void operator=(uint32_t value);
};

struct NvmcRegisters {
    uint32_t ICACHECNF;
};
struct CoreDebugRegisters {
    uint32_t DEMCR;
};
struct DwtRegisters {
    uint32_t CTRL;
    CycleCounter CYCCNT;
};
extern NvmcRegisters nvmc_registers;
extern CoreDebugRegisters core_debug_registers;
extern DwtRegisters dwt_registers;

#define NRF_NVMC (&nvmc_registers)
#define CoreDebug (&core_debug_registers)
#define DWT (&dwt_registers)

constexpr uint32_t NVMC_ICACHECNF_CACHEEN_Enabled = 1, NVMC_ICACHECNF_CACHEEN_Pos = 0;
constexpr uint32_t CoreDebug_DEMCR_TRCENA_Msk = 1u << 24, DWT_CTRL_CYCCNTENA_Msk = 1u << 0;
