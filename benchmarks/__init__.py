"""Side by side with what a user would pick instead: time, memory, and whether the answer is right.

Every peer runs in processes of its own, so this package imports none of them, nor JAX.
"""
