"""What an image costs: flash, RAM, instructions and an estimate of cycles, for every engine by one ruler.

The ruler is `bare.elf` (firmware/boards/qemu/bare.c): start-up, engine, model and a loop over inputs.
"""
