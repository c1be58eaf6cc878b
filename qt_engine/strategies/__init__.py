"""Floor 4: strategies as data: the language, its checks, the library, and the compiler to arrays of decisions."""
