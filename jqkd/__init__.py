"""Classical-to-quantum knowledge distillation, JAX-native."""

__version__ = "0.1.0"
