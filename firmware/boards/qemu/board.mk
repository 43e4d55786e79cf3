# The emulated MPS2 AN386 (Cortex-M4F), linked with the memory of an nRF52840 sketch. LINK chooses its line:
# semihosting (fast) or uart (as real boards do it).
lines := semihosting uart
$(if $(filter $(LINK),$(lines)),,$(error LINK=$(LINK) is not one of: $(lines)))

CC := arm-none-eabi-gcc
CXX := arm-none-eabi-g++
INSTALL_HINT := gcc-arm-none-eabi with newlib
BOARD_FLAGS := -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
BOARD_LINK_FLAGS := --specs=nano.specs -nostartfiles -Wl,--gc-sections -T boards/qemu/nrf52840.ld
BOARD_LINK_INPUTS := boards/qemu/nrf52840.ld
BOARD_SOURCES := startup.c ticks.c board.c line_$(LINK).c
# The ruler's image: a loop over inputs in the place of session and main.
BARE_SOURCES := startup.c ticks.c bare.c
