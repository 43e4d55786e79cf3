# The Arduino Nano 33 BLE is compiled by arduino-cli, from a sketch that is put together here. An Arduino sketch
# finds a header only beside the file that includes it, or in a library. So src/ is one flat folder, into which
# every source goes with the folders taken off its includes. Arduino's builders leave .inc behind, and older ones
# .cc: they become .h and .cpp. LINK=usb (default) or uart chooses the line.
SKETCH := $(OUT)/nano33ble
TFLM_LIBRARY ?=

HERE := boards/nano33ble
line_header := $(HERE)/line_$(LINK).h
sources_in = $(wildcard $(foreach suffix,c h inc S cc cpp,$1/*.$(suffix)))
sketch_sources := board.h engine.h $(call sources_in,core) $(HERE)/board.cpp $(OUT)/board_config.h \
    $(call sources_in,$(ENGINE_DIR)) $(call sources_in,$(ENGINE_DIR)/*) $(call sources_in,$(GENERATED))
$(if $(word 2,$(TFLM_LIBRARY)),$(error TFLM_LIBRARY=$(TFLM_LIBRARY): make cannot take a path with a space in it))
$(if $(wildcard $(ENGINE_DIR)/*.c $(ENGINE_DIR)/*.cpp),,$(error ENGINE=$(ENGINE): nothing in $(ENGINE_DIR)))

# The library's lines of the profile. A clone is named by its folder, a release of the Library Manager by its version.
chirale_release := Chirale_TensorFLowLite (2.0.0)
libraries := $(if $(filter tflm,$(ENGINE)),$(if $(TFLM_LIBRARY),dir: $(abspath $(TFLM_LIBRARY)),$(chirale_release)))

all: $(OUT)/firmware.elf
bare:
	$(error BOARD=nano33ble has no bare image; the emulated boards have)

# Everything is put together again when a file, the list of files or the library is another than last time.
$(OUT)/sketch.txt: FORCE
	@mkdir -p $(@D)
	@$(write_header)
	@printf '%s\n' '$(libraries)' $(sketch_sources) $(line_header) > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:
$(OUT)/board_config.h: $(OUT)/sketch.txt ;

# The profile is written last: with it the sketch is complete.
$(SKETCH)/sketch.yaml: $(OUT)/sketch.txt $(sketch_sources) $(line_header) $(HERE)/nano33ble.ino $(HERE)/sketch.yaml
	@rm -rf $(SKETCH)
	@mkdir -p $(SKETCH)/src
	@cp $(HERE)/nano33ble.ino $(SKETCH)
	@cp $(line_header) $(SKETCH)/src/line.h
	@for source in $(sketch_sources); do \
	    file=$$(basename $$source | sed 's/\.cc$$/.cpp/; s/\.inc$$/_inc.h/'); \
	    if test -e $(SKETCH)/src/$$file; then \
	        echo "error: the sketch would hold two files called $$file; rename $$source" >&2; exit 2; \
	    fi; \
	    sed 's|^\(#include "\)[^"]*/|\1|; s|^\(#include "[^"]*\)\.inc"|\1_inc.h"|' $$source \
	        > $(SKETCH)/src/$$file; \
	done
	@{ cat $(HERE)/sketch.yaml; \
	    $(if $(libraries),printf '    libraries:\n      - %s\n' '$(libraries)';) \
	    echo 'default_profile: nano33ble'; } > $@
	@echo "  sketch  $(SKETCH)"

$(OUT)/firmware.elf: $(SKETCH)/sketch.yaml
	@command -v arduino-cli > /dev/null || { cat $(HERE)/arduino-cli-missing.txt >&2; \
	    echo "  $(SKETCH)/nano33ble.ino" >&2; exit 2; }
	@echo "  compile $(SKETCH) (the first time, arduino-cli downloads the board's core and compiler)"
	@arduino-cli compile --profile nano33ble --output-dir $(OUT)/arduino $(SKETCH)
	@arduino-cli version | head -n 1 > $(OUT)/build.txt
	@sed -n 's/^ *- platform: //p' $(SKETCH)/sketch.yaml >> $(OUT)/build.txt
	@cp $(OUT)/arduino/nano33ble.ino.elf $@
