# What the adapter uses of Isaac Gym. Names, order and number of parameters are those of isaacgym-stubs 1.1rc4 (MIT License, Copyright
# (c) 2022 Yuzhe Qin), corrected where that can't be read or is not so; tests/sim/test_gym_stubs.py holds the two side by side.
