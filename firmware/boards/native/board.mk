# A process on the host. SANITIZE=1 builds it with AddressSanitizer and UndefinedBehaviorSanitizer.
CC := $(if $(filter default,$(origin CC)),cc,$(CC))
CXX := $(if $(filter default,$(origin CXX)),c++,$(CXX))
INSTALL_HINT := a C compiler, such as gcc or clang
BOARD_SOURCES := board.c
ifdef SANITIZE
BOARD_FLAGS := -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BOARD_LINK_FLAGS := -fsanitize=address,undefined
endif
