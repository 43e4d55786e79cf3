"""What an image costs: flash, RAM, instructions and an estimate of cycles, the same way for every engine.

Measured is `bare.elf` (firmware/boards/cortex_m/bare.c): start-up, engine, model and a loop over inputs.
"""
