# A bare-metal Cortex-M in QEMU. board.json says which core it is and where its memories, its UART and its timer
# lie; LINK chooses the line: semihosting (fast) or uart (as real boards do it).
CC := arm-none-eabi-gcc
CXX := arm-none-eabi-g++
INSTALL_HINT := gcc-arm-none-eabi with newlib
BOARD_FLAGS := $(BOARD_COMPILER_FLAGS)
BOARD_SCRIPT := $(OUT)/image.ld
BOARD_LINK_FLAGS := --specs=nano.specs -nostartfiles -Wl,--gc-sections -T $(BOARD_SCRIPT)
BOARD_LINK_INPUTS := $(BOARD_SCRIPT)
BOARD_SOURCES := startup.c ticks.c board.c line_$(LINK).c
# The bare image, which is measured: a loop over inputs in the place of session and main.
BARE_SOURCES := startup.c ticks.c bare.c

$(BOARD_SCRIPT): $(BOARD_FOLDER)/image.ld.in $(OUT)/board_config.h $(OUT)/build.txt
	@$(CC) -E -P -x c -I$(OUT) $< -o $@
